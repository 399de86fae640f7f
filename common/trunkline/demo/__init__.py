"""The demo: the whole line in local processes, and pictures through it."""
