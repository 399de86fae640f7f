"""The pictures of a task: what is wrong with them, and which are for what."""
