"""`python -m trunkline_benchmarks.pruning`."""

import sys

from trunkline_benchmarks.pruning.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
