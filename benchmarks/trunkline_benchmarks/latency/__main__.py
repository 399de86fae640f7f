"""`python -m trunkline_benchmarks.latency`."""

from trunkline_benchmarks.latency.command import main

if __name__ == "__main__":
    raise SystemExit(main())
