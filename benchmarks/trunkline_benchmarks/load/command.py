"""The command line of `python -m trunkline_benchmarks.load`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trunkline.engines import DEFAULT_ENGINE
from trunkline.errors import TrunklineError
from trunkline.files import write_bytes
from trunkline_benchmarks import machine
from trunkline_benchmarks.load import table
from trunkline_benchmarks.serving import measure, pictures, systems
from trunkline_benchmarks.serving.systems import Setting

DESCRIPTION = """\
What the services do under load: pictures a second at growing numbers of clients, of ours and of
what a user would otherwise pick; what happens with too many clients; what each further task costs
the edge; how long each service takes to get ready, and its memory. Raw samples go to --output."""

SYSTEMS = (
    "trunkline:webp:quality=80",
    "litserve:file",
    "litserve-torchvision:file",
    "onnxruntime:file",
    "openvino:file",
)
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = argparse.ArgumentParser(
        prog="python -m trunkline_benchmarks.load", description=DESCRIPTION
    )
    add = options.add_argument
    add("--systems", nargs="*", default=SYSTEMS, metavar="KIND[:HOW]", help=" ".join(SYSTEMS))
    add("--codec", default="webp:quality=80", help="of overload and tasks (%(default)s)")
    add("--trunk", default="mobilenet_v2")
    add("--set", default="keras-160")
    add("--engine", default=DEFAULT_ENGINE, help="of ours (%(default)s)")
    add("--threads", type=int, default=1, help="of every engine (%(default)s)")
    add("--workers", type=int, default=2, help="of every service (%(default)s)")
    add("--clients", type=int, nargs="*", default=(1, 2, 4, 8, 16))
    add("--crowd", type=int, default=64, help="clients that are too many; 0: none (%(default)s)")
    add("--tasks", type=int, nargs="*", default=(1, 2, 4, 8), help="tasks of one frame")
    add("--starts", type=int, default=5, help="starts that are timed (%(default)s)")
    add("--requests", type=int, default=400, help="of each measurement (%(default)s)")
    add("--images", type=Path, metavar="DIR", help="JPEG files that are posted (the demo's)")
    add("--limit", type=int, default=40, help="this many of them (%(default)s)")
    add("--logs", type=Path, default=Path("out/benchmark-logs"), metavar="DIR")
    add("--output", type=Path, metavar="F.json", help="where the raw samples go")
    add("--json", action="store_true", help="print them instead of tables")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; errors are one line on stderr and exit code 1."""
    given = parser().parse_args(argv)
    try:
        result = _measure(given)
        if given.output:
            write_bytes(given.output, json.dumps(result, indent=1).encode() + b"\n")
        print(json.dumps(result) if given.json else "\n".join(table.lines(result)))
    except TrunklineError as error:
        print(f"load: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _measure(given: argparse.Namespace) -> dict[str, Any]:
    posted = pictures.read(given.images, given.limit)
    setting = Setting(
        given.trunk, given.set, given.logs, given.engine, given.threads, given.workers
    )
    ours = f"trunkline:{given.codec}"
    found: dict[str, Any] = {
        "machine": machine.describe(),
        "setting": {
            name: getattr(given, name)
            for name in ("trunk", "set", "engine", "threads", "workers", "codec")
        },
        "throughput": {
            name: list(_runs(name, setting, posted, given.clients, given.requests))
            for name in given.systems
        },
        "tasks": [
            {"tasks": count}
            | next(_runs(f"null-tasks:{count},{given.codec}", setting, posted, [1], given.requests))
            for count in given.tasks
        ],
        "starts": [_start(ours, setting) for _ in range(given.starts)],
    }
    if given.crowd:
        crowd = [*given.clients, given.crowd]
        found["crowd"] = list(_runs(ours, setting, posted, crowd, given.requests))
    return found


def _runs(
    name: str, setting: Setting, posted: Sequence[bytes], clients: Sequence[int], requests: int
) -> Iterator[dict[str, Any]]:
    """One system at each number of clients."""
    with systems.started(name, setting) as running:
        measure.warm_up(running, posted)
        for count in clients:
            run = measure.under_load(running, posted, count, requests)
            print(f"{name}: {count} clients, {run['per_s']:.1f} a second", file=sys.stderr)
            yield run


def _start(name: str, setting: Setting) -> dict[str, Any]:
    """Seconds until each service takes calls, and what it then holds."""
    with systems.started(name, setting) as running:
        return {"ready_s": running.ready_s, "memory_bytes": measure.memory(running)}
