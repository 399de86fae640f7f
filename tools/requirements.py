"""Print the requirements of the core and of the extras named, one a line: requirements.py EXTRA...

An image installs them before the sources come in, so that a changed line of code costs seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tomllib


def requirements(project: Path, extras: list[str]) -> list[str]:
    """What `pyproject.toml` asks for; KeyError for an extra it does not have."""
    table = tomllib.loads(project.read_text())["project"]
    optional = table["optional-dependencies"]
    return [*table["dependencies"], *(line for extra in extras for line in optional[extra])]


if __name__ == "__main__":
    print(*requirements(Path("pyproject.toml"), sys.argv[1:]), sep="\n")
