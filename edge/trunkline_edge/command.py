"""`trunkline edge`: serve the HTTP door until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os

from trunkline.command import Command

REQUIRES = (
    "fastapi",
    "uvicorn",
    "python_multipart",
    "grpc",
    "grpc_health",
    "openvino",
    "pydantic_settings",
    "prometheus_client",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """One flag for each setting, with its variable and default."""
    from trunkline_edge.settings import EdgeSettings, flag, variable

    for name, field in EdgeSettings.model_fields.items():
        text = f"{field.description} ({variable(name)}, default {field.default})"
        parser.add_argument(
            flag(name),
            dest=name,
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=text.replace("%", "%%"),
        )
    parser.epilog = "Models are looked for in TRUNKLINE_HOME and in the released bundle."


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a drain."""
    from trunkline_edge import settings

    known = settings.EdgeSettings.model_fields
    chosen = settings.read(
        {name: value for name, value in vars(arguments).items() if name in known}
    )
    # gRPC's core would write lines of its own between those of the log, which are JSON
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from trunkline_edge import server

    return server.main(chosen)


command = Command(
    help="serve the edge's HTTP door",
    configure=configure,
    run=run,
    extra="edge",
    requires=REQUIRES,
)
