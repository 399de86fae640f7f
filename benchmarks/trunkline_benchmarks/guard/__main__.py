"""`python -m trunkline_benchmarks.guard`."""

from trunkline_benchmarks.guard.command import main

if __name__ == "__main__":
    raise SystemExit(main())
