#!/bin/sh
# Takes 130 MB out of a virtual environment that a CPU service never loads: slim.sh FOLDER. Needs binutils.
set -eu

packages=$(echo "$1"/lib/python3*/site-packages)

# These two wheels carry debug information in their extension modules. What lies in the wheels' *.libs
# folders stays as it is: its segments were moved by the wheels' makers, and strip breaks their alignment.
find "$packages"/av "$packages"/imagecodecs -name '*.so' -exec strip --strip-unneeded {} +

find "$packages" -type d -name tests -prune -exec rm -rf {} +
