"""`python -m trunkline_benchmarks.pruning`."""

from __future__ import annotations

import sys

from trunkline_benchmarks.pruning.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
