"""The command line of `python -m trunkline_benchmarks.load`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trunkline_benchmarks import machine
from trunkline_benchmarks.load import table
from trunkline_benchmarks.serving import measure, pictures, program, systems
from trunkline_benchmarks.serving.builder import Setting
from trunkline_benchmarks.serving.drive import Load

DESCRIPTION = """\
What the services do under load: pictures a second at growing numbers of clients, of ours and of
what a user would otherwise pick; what happens with too many clients; what each further task costs
the edge; how long each service takes to get ready, and its memory. Raw samples go to --output."""

SYSTEMS = (
    "trunkline:jpeg:quality=70",
    "trunkline:webp:quality=80",
    "litserve:file",
    "litserve-torchvision:file",
    "onnxruntime:file",
    "openvino:file",
)


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = program.parser("load", DESCRIPTION)
    program.add_pictures(options)
    add = options.add_argument
    add("--systems", nargs="*", default=SYSTEMS, metavar="KIND[:HOW]", help=" ".join(SYSTEMS))
    add("--codec", default="webp:quality=80", help="of overload and tasks (%(default)s)")
    add("--clients", type=program.count, nargs="*", default=(1, 2, 4, 8, 16))
    add(
        "--crowd",
        type=program.count,
        nargs="*",
        default=(64, 192),
        help="clients that are too many (64 192); without a number: none",
    )
    add("--crowd-seconds", type=float, default=10, help="of each of its loads (%(default)s)")
    add("--tasks", type=int, nargs="*", default=(1, 2, 4, 8), help="tasks of one frame")
    add("--starts", type=int, default=5, help="starts that are timed (%(default)s)")
    add("--requests", type=int, default=400, help="of each measurement (%(default)s)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    return program.run("load", parser().parse_args(argv), _measure, table.lines)


def _measure(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    systems.require(given.systems)
    posted = pictures.read(given.images, given.limit)
    setting = program.setting_of(given)
    ours = f"trunkline:{given.codec}"
    one = Load(1, given.requests)
    few = [Load(clients, given.requests) for clients in given.clients]
    found: dict[str, Any] = {
        "machine": machine.describe(),
        "setting": program.said(given) | {"codec": given.codec},
        "throughput": {},
        "crowd": {},
        "tasks": [],
        "starts": [],
    }
    for name in given.systems:
        found["throughput"][name] = list(_runs(name, setting, posted, few))
        yield found
    crowded = {"ours": setting, "ours, refusing at once": setting.refusing()}
    for name, each in crowded.items() if given.crowd else ():
        found["crowd"][name] = list(_runs(ours, each, posted, _crowds(given)))
        yield found
    for count in given.tasks:
        run = next(_runs(f"null-tasks:{count},{given.codec}", setting, posted, [one]))
        found["tasks"].append({"tasks": count} | run)
        yield found
    found["starts"] = [_start(ours, setting) for _ in range(given.starts)]
    yield found


def _runs(
    name: str, setting: Setting, posted: Sequence[bytes], loads: Iterable[Load]
) -> Iterator[dict[str, Any]]:
    """One system under each load."""
    with systems.started(name, setting) as running:
        measure.warm_up(running, posted)
        for load in loads:
            run = measure.under_load(running, posted, load)
            print(f"{name}: {load.clients} clients, {run['per_s']:.1f} a second", file=sys.stderr)
            yield run


def _crowds(given: argparse.Namespace) -> Iterator[Load]:
    """The same seconds for few clients, and for too many, then for as many that wait if told to."""
    for clients in given.clients:
        yield Load(clients, seconds=given.crowd_seconds)
    for clients in given.crowd:
        for patient in (False, True):
            yield Load(clients, seconds=given.crowd_seconds, patient=patient)


def _start(name: str, setting: Setting) -> dict[str, Any]:
    """Seconds until each service takes calls, and what it then holds."""
    with systems.started(name, setting) as running:
        return {"ready_s": running.ready_s, "memory_bytes": measure.memory(running)}
