"""`trunkline codecs`: what can code a feature tensor here, and how it can be set."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from trunkline.command import Command


def configure(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from trunkline import codecs

    table = codecs.table()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(info) for info in table], indent=2))
        return 0
    for info in table:
        state = "available" if info.available else f"needs trunkline[{info.extra}]"
        lossy = "lossy" if info.lossy else "lossless"
        print(f"{info.id:<10} {info.kind:<8} {lossy:<9} {state}")
        for name, about in info.parameters.items():
            print(f"  {name:<10} {_range(about)}")
    return 0


def _range(about: dict[str, Any]) -> str:
    """A parameter's type, bounds and default in words."""
    bounds = "" if about["min"] is None else f" {about['min']} to {about['max']}"
    return f"{about['type']}{bounds}, default {about['default']}"


command = Command(help="every codec with its parameters", configure=configure, run=run)
