"""`trunkline task NAME`: serve one task until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os

from trunkline.command import Command

REQUIRES = (
    "grpc",
    "grpc_health",
    "grpc_reflection",
    "openvino",
    "prometheus_client",
    "pydantic_settings",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """The task's name and one flag for each setting, with its variable and default."""
    from trunkline_tasks.settings import TaskSettings, flag, variable
    from trunkline_tasks.tasks import TASKS, default_port

    ports = ", ".join(f"{default_port(name)} for {name}" for name in TASKS)
    derived = {"port": f"default {ports}", "metrics_port": "default the gRPC port plus 1000"}

    note = f"{', '.join(TASKS)}; or {variable('name')}"
    parser.add_argument("name", nargs="?", default=argparse.SUPPRESS, metavar="NAME", help=note)
    for name, field in TaskSettings.model_fields.items():
        if name == "name":
            continue
        default = derived.get(name, f"default {field.default}")
        text = f"{field.description} ({variable(name)}, {default})".replace("%", "%%")
        parser.add_argument(
            flag(name), dest=name, default=argparse.SUPPRESS, metavar="VALUE", help=text
        )
    parser.epilog = "Models are looked for in TRUNKLINE_HOME and in the released bundle."


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a drain."""
    from trunkline_tasks import settings

    known = settings.TaskSettings.model_fields
    chosen = settings.read(
        {name: value for name, value in vars(arguments).items() if name in known}
    )
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
