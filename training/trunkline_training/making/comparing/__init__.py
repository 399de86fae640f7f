"""Trunks, methods and whole networks side by side."""
