"""Options that `demo` and `up` share."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline import codecs, trunks
from trunkline.demo.line import Line, LineConfig
from trunkline.errors import UnavailableError, WeightsError
from trunkline.signals import tidied
from trunkline.weights.build import build
from trunkline.weights.store import ModelStore

REQUIRES = (
    "fastapi",
    "grpc",
    "grpc_health",
    "onnxruntime",
    "pydantic_settings",
    "uvicorn",
    "uvloop",
)
EXTRA = "edge,task"
FIRST_TASK_PORT = 50051
POLL_S = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the shared options."""
    parser.add_argument("--trunk", default="mobilenet_v2", help="trunk (%(default)s)")
    parser.add_argument("--weights", default="", metavar="SET", help="weight set (the trunk's own)")
    parser.add_argument("--port", type=int, default=8080, help="the edge's port (%(default)s)")
    parser.add_argument(
        "--task-port",
        type=int,
        default=FIRST_TASK_PORT,
        help="the first task's port; the others follow it (%(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for what is written")


@contextmanager
def running_line(arguments: argparse.Namespace) -> Iterator[Line]:
    """The line that the options describe, up until the block ends, also by SIGTERM."""
    weights = trunks.kind(arguments.trunk).set_or_own(arguments.weights)
    tasks = _tasks(arguments.trunk, weights)
    ports = {name: arguments.task_port + index for index, name in enumerate(tasks)}
    config = LineConfig(arguments.trunk, weights, arguments.port, ports, arguments.out / "logs")
    with tidied(), Line(config) as line:
        for info in codecs.table():
            if not info.available:
                print(f"codec {info.id} is left out: it needs trunkline[{info.extra}]")
        yield line


def wait(line: Line, greeting: str) -> int:
    """Print `greeting` and stay until Ctrl-C. Raises UnavailableError when the edge ends by itself.

    A task that ends costs its own results only: the line goes on without it.
    """
    try:
        print(greeting, flush=True)
        while True:
            for obituary in line.bury():
                if "edge" not in line.processes:
                    raise UnavailableError(obituary)
                print(f"{obituary}; its results are missing until it is back", flush=True)
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        print("\nstopping")
        return 0


def _tasks(trunk: str, weights: str) -> list[str]:
    """The tasks that the model store holds for a trunk; a set that is missing is built."""
    store = ModelStore.default()
    try:
        store.trunk(trunk, weights)
    except WeightsError:
        build(trunk, weights, store)
    names = [tail.task for tail in store.manifest(trunk, weights).tails]
    if not names:
        raise WeightsError(
            f"{trunk}/{weights} has no tail, so no task: `trunkline weights list` shows who has"
        )
    return names
