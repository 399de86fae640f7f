"""What the benchmarks of services have in common as programs: options, errors, results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trunkline.engines import DEFAULT_ENGINE
from trunkline.errors import TrunklineError
from trunkline.files import write_bytes
from trunkline_benchmarks.serving.builder import Setting

INTERRUPTED = 130
SETTING = ("trunk", "set", "engine", "precision", "threads", "parallel")
"""The options that a result file repeats."""

Result = Mapping[str, Any]


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The options that every one of them has."""
    options = argparse.ArgumentParser(
        prog=f"python -m trunkline_benchmarks.{name}", description=description
    )
    add = options.add_argument
    add("--trunk", default="mobilenet_v2")
    add("--set", default="keras-160")
    add("--engine", default=DEFAULT_ENGINE, help="of ours (%(default)s)")
    add("--precision", default="f32", help="of ours: f32; openvino: or bf16 (%(default)s)")
    add("--threads", type=int, default=1, help="of every engine (%(default)s)")
    add("--parallel", type=int, default=2, help="pictures at a time in each service (%(default)s)")
    add("--logs", type=Path, default=Path("out/benchmark-logs"), metavar="DIR")
    add("--output", type=Path, metavar="F.json", help="where the raw samples go")
    add("--json", action="store_true", help="print them instead of tables")
    return options


def count(text: str) -> int:
    """A whole number from 1 on. Raises ValueError, which argparse turns into its own words."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def add_pictures(options: argparse.ArgumentParser) -> None:
    """Which pictures are posted."""
    options.add_argument("--images", type=Path, metavar="DIR", help="JPEG files (the demo's)")
    options.add_argument("--limit", type=int, default=40, help="this many of them (%(default)s)")


def setting_of(given: argparse.Namespace) -> Setting:
    """What every system of the run has in common."""
    return Setting(logs=given.logs, **said(given))


def said(given: argparse.Namespace) -> dict[str, Any]:
    """The options as the result file has them."""
    return {name: getattr(given, name) for name in SETTING}


def run(
    name: str,
    given: argparse.Namespace,
    measure: Callable[[argparse.Namespace], Iterator[Result]],
    lines: Callable[[Result], list[str]],
    failed: Callable[[Result], bool] = lambda result: False,
) -> int:
    """Measure, keep the samples, print; errors are one line on stderr and exit code 1.

    `measure` gives the result as often as it has grown: what was measured outlives what failed.
    """
    result: Result = {}
    try:
        for result in measure(given):
            if given.output:
                write_bytes(given.output, json.dumps(result, indent=1).encode() + b"\n")
    except TrunklineError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print(json.dumps(result) if given.json else "\n".join(lines(result)))
    return int(failed(result))
