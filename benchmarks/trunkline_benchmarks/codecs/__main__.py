"""`python -m trunkline_benchmarks.codecs`."""

from trunkline_benchmarks.codecs.command import main

if __name__ == "__main__":
    raise SystemExit(main())
