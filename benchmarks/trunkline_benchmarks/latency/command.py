"""The command line of `python -m trunkline_benchmarks.latency`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from trunkline.errors import TrunklineError
from trunkline_benchmarks import machine
from trunkline_benchmarks.latency import table
from trunkline_benchmarks.serving import accuracy, measure, pictures, program, systems
from trunkline_benchmarks.serving.builder import Setting
from trunkline_benchmarks.serving.drive import Load

DESCRIPTION = """\
Milliseconds of a picture's way, and of what a user would otherwise pick, in one run: the bare parts
called alone; each system over loopback at several numbers of clients; each over uplinks of several
rates and delays; everything at the edge at shares of a core; what each makes of labelled pictures.
The machine should have nothing else to do. Raw samples go to --output."""

SYSTEMS = (
    "trunkline:jpeg:quality=70",
    "trunkline:webp:quality=80",
    "trunkline:bpg:qp=32,effort=1",
    "litserve:file",
    "litserve-torchvision:file",
    "onnxruntime:file",
    "openvino:file",
    "float32",
    "plain:80",
    "local:onnxruntime",
)
CODECS = ("jpeg:quality=70", "webp:quality=80", "bpg:qp=32,effort=1")
UPLINKS = tuple((mbit, delay) for mbit in (1.0, 5.0, 20.0, 100.0) for delay in (5.0, 40.0))
CORES = (1.0, 0.5, 0.25)


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = program.parser("latency", DESCRIPTION)
    program.add_pictures(options)
    add = options.add_argument
    add("--systems", nargs="*", default=SYSTEMS, metavar="KIND[:HOW]", help=" ".join(SYSTEMS))
    add("--codecs", nargs="*", default=CODECS, metavar="ID[:NAME=VALUE,...]", help="as bare parts")
    add("--clients", type=program.count, nargs="*", default=(1, 4, 16))
    add("--uplinks", type=_uplink, nargs="*", default=UPLINKS, metavar="MBIT/DELAY_MS")
    add("--cores", type=float, nargs="*", default=CORES, help="shares of a core for the edge")
    add("--requests", type=int, default=160, help="of each measurement (%(default)s)")
    add("--classes", metavar="DIR", help="labelled pictures: Top-1 of every system")
    add("--boxes", metavar="DIR[:SPLIT]", help="pictures with boxes: mAP of every system")
    add("--labelled", type=int, default=0, metavar="N", help="so many of each (0: all)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    return program.run("latency", parser().parse_args(argv), _measure, table.lines)


def _measure(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    systems.require(given.systems)
    posted = pictures.read(given.images, given.limit)
    setting = program.setting_of(given)
    result: dict[str, Any] = {
        "machine": machine.describe(),
        "setting": program.said(given) | {"pictures": [len(data) for data in posted]},
        "bare": _bare(given),
        "systems": {},
    }
    yield result
    for name in given.systems:
        result["systems"][name] = _system(name, setting, posted, given)
        yield result


def _system(
    name: str, setting: Setting, posted: Sequence[bytes], given: argparse.Namespace
) -> dict[str, Any]:
    """One system in every situation that was asked for."""
    found: dict[str, Any] = {"loopback": [], "uplinks": [], "cores": []}
    with systems.started(name, setting) as running:
        _say(f"{name}: ready")
        measure.warm_up(running, posted)
        for clients in given.clients:
            run = measure.under_load(running, posted, Load(clients, given.requests))
            found["loopback"].append(run)
            _say(f"{name}: {clients} clients, p50 {run['ms'].get('p50')} ms")
        found["ready_s"], found["memory_bytes"] = running.ready_s, measure.memory(running)
        at_edge, in_cloud = bool(running.edge), bool(running.cloud)
    if given.classes or given.boxes:
        found["accuracy"] = accuracy.of(name, setting, given.classes, given.boxes, given.labelled)
    for mbit, delay_ms in given.uplinks if in_cloud else ():
        run = _once(name, setting.behind(mbit, delay_ms), posted, given.requests // 4)
        found["uplinks"].append({"mbit": mbit, "delay_ms": delay_ms} | run)
    for cores in given.cores if at_edge else ():
        run = _once(name, setting.within(cores), posted, given.requests // 4)
        found["cores"].append({"cores": cores} | run)
    return found


def _once(name: str, setting: Setting, posted: Sequence[bytes], requests: int) -> dict[str, Any]:
    """One client's run of a system in another setting."""
    with systems.started(name, setting) as running:
        measure.warm_up(running, posted)
        run = measure.under_load(running, posted, Load(1, requests))
    _say(f"{name}: {setting.words}, p50 {run['ms'].get('p50')} ms")
    return run


def _bare(given: argparse.Namespace) -> dict[str, list[float]]:
    """The bare parts, in a process of their own."""
    command = [sys.executable, "-m", "trunkline_benchmarks.latency.bare"]
    flags = ["--trunk", given.trunk, "--set", given.set, "--threads", str(given.threads)]
    flags += ["--engine", given.engine, "--limit", str(given.limit), "--logs", str(given.logs)]
    flags += ["--images", str(given.images)] if given.images else []
    flags += ["--codecs", *given.codecs] if given.codecs else []
    _say("bare parts")
    done = subprocess.run([*command, *flags], capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise TrunklineError(f"the bare parts cannot be measured: {done.stderr.strip()[-300:]}")
    samples: dict[str, list[float]] = json.loads(done.stdout)
    return samples


def _uplink(text: str) -> tuple[float, float]:
    mbit, _, delay = text.partition("/")
    return float(mbit), float(delay)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
