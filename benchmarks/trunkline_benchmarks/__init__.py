"""Benchmarks: each a command that writes its raw samples, the machine and the versions."""
