"""Milliseconds of every stage and of the whole way, beside what a user would otherwise pick."""
