"""What commands share that change a running edge."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from trunkline.client import DEFAULT_URL
from trunkline.errors import ParameterError
from trunkline.files import read_bytes

LARGEST_FILE = 4096
VARIABLE = "TRUNKLINE_EDGE_ADMIN_TOKEN"


def configure(parser: argparse.ArgumentParser) -> None:
    """The task's name, the edge, and where its token is."""
    parser.add_argument("name", metavar="NAME", help="the task's name at the edge")
    parser.add_argument("--edge", default=DEFAULT_URL, metavar="URL", help="(%(default)s)")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"holds the edge's admin token (default: the variable {VARIABLE})",
    )
    parser.add_argument("--json", action="store_true", help="print the edge's answer as it is")


def _read(path: Path) -> str:
    """A file's text; a pipe or a device may have no end."""
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise ParameterError(f"{path} is no token's file: expected at most {LARGEST_FILE} bytes")
    return read_bytes(path).decode("utf-8", errors="replace").strip()


def token(arguments: argparse.Namespace) -> str:
    """The admin token. Raises ParameterError where there is none."""
    if arguments.token_file is not None:
        found = _read(arguments.token_file)
    else:
        found = os.environ.get(VARIABLE, "")
    if not found or not found.isprintable():
        raise ParameterError(f"no admin token: set {VARIABLE} or say --token-file")
    return found
