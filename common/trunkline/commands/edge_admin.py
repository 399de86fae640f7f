"""What commands share that change a running edge."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from trunkline.client import DEFAULT_URL
from trunkline.errors import ParameterError
from trunkline.files import read_bytes

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


def token(arguments: argparse.Namespace) -> str:
    """The admin token. Raises ParameterError where there is none."""
    if arguments.token_file is not None:
        found = read_bytes(arguments.token_file).decode("utf-8", errors="replace").strip()
    else:
        found = os.environ.get(VARIABLE, "")
    if not found or not found.isprintable():
        raise ParameterError(f"no admin token: set {VARIABLE} or say --token-file")
    return found
