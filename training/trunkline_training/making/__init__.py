"""Making a task out of a folder of pictures."""
