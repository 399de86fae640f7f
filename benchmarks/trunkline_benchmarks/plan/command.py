"""`trunkline plan`: what each cut costs, what sharing saves, where to cut."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trunkline.command import Command
from trunkline.commands import codec_options
from trunkline.errors import ParameterError
from trunkline.files import write_bytes
from trunkline.tiling import DEFAULT_ARRANGEMENT
from trunkline.weights import sets
from trunkline_benchmarks import machine
from trunkline_benchmarks.plan import choice, layers, sharing
from trunkline_benchmarks.plan.choice import Link
from trunkline_benchmarks.plan.speeds import Speed

if TYPE_CHECKING:  # they import PyTorch, which `--help` does without
    from trunkline_benchmarks.plan.planning import NetworkPlan, Settings
    from trunkline_benchmarks.plan.tables import Table

REQUIRES = ("torch", "torchvision", "onnx", "onnxruntime", "h5py", "safetensors")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "--trunk", nargs="+", default=["mobilenet_v2"], help="one trunk or several (mobilenet_v2)"
    )
    parser.add_argument("--weights", metavar="SET", help="weight set (the trunk's own)")
    parser.add_argument(
        "--tasks", type=int, default=4, metavar="N", help="tasks that share it (%(default)s)"
    )
    parser.add_argument("--counts", action="store_true", help="count only: measure nothing")
    parser.add_argument(
        "--images", type=Path, nargs="+", default=[], help="pictures, folders (the demo's four)"
    )
    codec_options.configure(parser, default="bpg")
    parser.add_argument("--engine", default="onnxruntime", help="engine (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads to use (%(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="runs of each network (%(default)s)")
    _link_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--markdown", type=Path, metavar="F", help="write the tables to a file too")


def _link_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mbit", type=float, nargs="+", default=[0.5, 1.0, 2.0, 5.0, 20.0, 100.0],
        help="upload bandwidths in Mbit/s (0.5 1 2 5 20 100)",
    )  # fmt: skip
    for name, default, text in (
        ("--rtt-ms", 20.0, "round trip to the cloud (%(default)s)"),
        ("--edge-slowdown", 10.0, "how much slower the edge is than this machine (%(default)s)"),
        ("--cloud-speedup", 1.0, "how much faster the cloud is than this machine (%(default)s)"),
        ("--edge-gmacs", None, "networks on the edge at so many GMAC/s instead"),
        ("--cloud-gmacs", None, "networks in the cloud at so many GMAC/s instead"),
    ):
        parser.add_argument(name, type=float, default=default, help=text)


def run(arguments: argparse.Namespace) -> int:
    """Count, measure, choose; tables or JSON go to stdout, progress to stderr."""
    from trunkline_benchmarks.plan import document, planning

    link = _checked(arguments)
    settings = None if arguments.counts else _settings(arguments)
    plans = [planning.plan(trunk, arguments.weights, settings) for trunk in arguments.trunk]
    tables = [table for plan in plans for table in _tables(plan, arguments.tasks, settings, link)]
    made_by = {"command": shlex.join(["trunkline", *sys.argv[1:]]), "machine": machine.describe()}
    if arguments.markdown:
        write_bytes(arguments.markdown, _markdown(tables, made_by).encode())
    if arguments.json:
        how = document.settings(settings) if settings else None
        networks = [document.network(plan, arguments.tasks, link) for plan in plans]
        print(json.dumps({**made_by, "settings": how, "networks": networks}, indent=1))
    else:
        print("\n\n".join("\n".join(table.text()) for table in tables))
    return 0


def _checked(arguments: argparse.Namespace) -> Link:
    """The link, once everything that was asked for is known to make sense."""
    for trunk in arguments.trunk:
        layers.cuts(trunk)
    sharing.task_numbers(arguments.tasks)
    if arguments.weights and len(arguments.trunk) > 1:
        raise ParameterError("--weights names one trunk's set: expected one --trunk beside it")
    if arguments.weights:
        sets.get(arguments.trunk[0], arguments.weights)
    return Link(tuple(arguments.mbit), arguments.rtt_ms)


def _settings(arguments: argparse.Namespace) -> Settings:
    from trunkline import codecs
    from trunkline_benchmarks.plan import pictures
    from trunkline_benchmarks.plan.planning import Settings

    choice.positive("cloud-speedup", arguments.cloud_speedup)
    edge = Speed("edge", choice.positive("edge-slowdown", arguments.edge_slowdown))
    cloud = Speed("cloud", 1 / arguments.cloud_speedup)
    return Settings(
        codec=codecs.feature(
            arguments.codec,
            arrangement=arguments.arrangement or DEFAULT_ARRANGEMENT,
            bits=arguments.bits or 8,
            **codec_options.values(codec_options.spelled(arguments)),
        ),
        pictures=pictures.read(arguments.images),
        engine=arguments.engine,
        threads=arguments.threads,
        rounds=arguments.rounds,
        edge=replace(edge, gmacs=arguments.edge_gmacs),
        cloud=replace(cloud, gmacs=arguments.cloud_gmacs),
    )


def _tables(
    plan: NetworkPlan, tasks: int, settings: Settings | None, link: Link
) -> Iterator[Table]:
    from trunkline_benchmarks.plan import recommendation, report

    yield report.counted(plan)
    if plan.measured and settings:
        yield report.measured(plan, plan.measured, settings)
    yield report.shared(plan, tasks)
    if plan.measured and settings:
        yield from recommendation.tables(plan, settings, link)


def _markdown(tables: Sequence[Table], made_by: dict[str, Any]) -> str:
    on = made_by["machine"]
    head = [
        "# What each cut costs, what sharing saves, where to cut",
        "",
        f"`{made_by['command']}`, {on['utc']}, {on['cores']} cores of {on['cpu']}, load "
        f"{on['load_1min']:.1f}; versions and raw samples are in the JSON of the same run.",
    ]
    body = [line for table in tables for line in ("", *table.markdown())]
    return "\n".join([*head, *body, ""])


command = Command(
    help="what each cut of a network costs, what sharing it saves, where to cut",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
