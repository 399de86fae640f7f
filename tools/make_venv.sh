#!/bin/sh
# Makes a virtual environment: make_venv.sh FOLDER, with the interpreter $PYTHON (default python3).
set -eu

folder=$1
python=${PYTHON:-python3}

die() {
    echo "make: $1" >&2
    exit 1
}

command -v "$python" >/dev/null ||
    die "'$python' was not found: install Python 3.10 or newer, or name one with PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    die "$("$python" --version) is too old: install Python 3.10 or newer, or name one with PYTHON=/path/to/python3"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    die "'$python' has no venv module: install it (Debian and Ubuntu: apt install python3-venv)"

"$python" -m venv "$folder"
