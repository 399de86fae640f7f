"""`trunkline edge`: serve the HTTP door until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os

from trunkline import flags
from trunkline.command import Command

REQUIRES = (
    "fastapi",
    "uvicorn",
    "httptools",
    "python_multipart",
    "grpc",
    "grpc_health",
    "onnxruntime",
    "pydantic_settings",
    "uvloop",
    "prometheus_client",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """One flag for each setting, with its variable and default."""
    from trunkline_edge.settings import PREFIX, EdgeSettings

    flags.add(parser, EdgeSettings.model_fields, PREFIX, {})


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a drain."""
    from trunkline import workers
    from trunkline_edge import settings

    given = flags.given(arguments, settings.EdgeSettings.model_fields)
    chosen = settings.read(given)
    if chosen.workers > 1 and not workers.share_port():
        command = ["edge", *flags.spelled(given)]
        return workers.run(chosen.workers, chosen.host, chosen.port, command)
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
