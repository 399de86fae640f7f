"""Many clients, many tasks, too many of either."""
