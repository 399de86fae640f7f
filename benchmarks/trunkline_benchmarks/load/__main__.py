"""`python -m trunkline_benchmarks.load`."""

from trunkline_benchmarks.load.command import main

if __name__ == "__main__":
    raise SystemExit(main())
