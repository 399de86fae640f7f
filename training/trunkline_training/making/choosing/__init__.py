"""Choosing the network that a task starts from, before any training."""
