"""`trunkline task serve PLACE`: a packaged task, or a Python class, by the same server."""

from __future__ import annotations

import argparse
from pathlib import Path

from trunkline import flags
from trunkline.command import Command
from trunkline_tasks import command as served


def configure(parser: argparse.ArgumentParser) -> None:
    """Where the task lies, its name, and one flag for each setting of a task."""
    from trunkline_tasks.settings import PREFIX, TaskSettings
    from trunkline_tasks.tasks import OTHERS_PORT

    parser.add_argument("package", metavar="FOLDER|FILE.py:Class", help="the task")
    fields = TaskSettings.model_fields
    chosen = {name: field for name, field in fields.items() if name != "package"}
    defaults = {
        "name": "the package's own, or the class's in lower case",
        "port": str(OTHERS_PORT),
        "metrics_port": "the gRPC port plus 1000",
    }
    flags.add(parser, chosen, PREFIX, defaults)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a drain."""
    if not hasattr(arguments, "name"):
        arguments.name = _name(arguments.package)
    return served.run(arguments)


def _name(place: str) -> str:
    """What the task is called where nobody says it. Raises WeightsError."""
    from trunkline.weights import package
    from trunkline_tasks import programs

    if programs.is_program(place):
        return place.rpartition(":")[2].lower()
    return package.read(Path(place)).tail.task


command = Command(
    help="serve a packaged task, or a class in a Python file, by gRPC",
    configure=configure,
    run=run,
    extra="task",
    requires=served.REQUIRES,
)
