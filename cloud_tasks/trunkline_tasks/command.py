"""`trunkline task NAME`: serve one task until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os

from trunkline import flags
from trunkline.command import Command

REQUIRES = (
    "grpc",
    "grpc_health",
    "grpc_reflection",
    "onnxruntime",
    "prometheus_client",
    "pydantic_settings",
    "uvloop",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """The task's name and one flag for each setting, with its variable and default."""
    from trunkline_tasks.settings import PREFIX, TaskSettings
    from trunkline_tasks.tasks import TASKS, default_port

    note = f"{', '.join(TASKS)}; or {flags.variable(PREFIX, 'name')}"
    parser.add_argument("name", nargs="?", default=argparse.SUPPRESS, metavar="NAME", help=note)
    fields = {name: field for name, field in TaskSettings.model_fields.items() if name != "name"}
    ports = ", ".join(f"{default_port(name)} for {name}" for name in TASKS)
    flags.add(parser, fields, PREFIX, {"port": ports, "metrics_port": "the gRPC port plus 1000"})


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a drain."""
    from trunkline import workers
    from trunkline_tasks import settings

    given = flags.given(arguments, settings.TaskSettings.model_fields)
    chosen = settings.read(given)
    if chosen.workers > 1 and not workers.share_port():
        command = ["task", *flags.spelled(given | {"name": chosen.name}, "name")]
        return workers.run(chosen.workers, chosen.host, chosen.port, command)
    # gRPC's core would write lines of its own between those of the log, which are JSON
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from trunkline_tasks import server

    return server.main(chosen)


command = Command(
    help="serve one cloud task by gRPC",
    configure=configure,
    run=run,
    extra="task",
    requires=REQUIRES,
)
