"""Subcommands of `trunkline` that need no service framework."""
