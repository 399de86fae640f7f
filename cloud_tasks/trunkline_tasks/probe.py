"""`python -m trunkline_tasks.probe [PORT]`: whether this host's task serves, for container engines.

Asks the overall name of `grpc.health.v1`. Imports little: it is run every few seconds.
"""

from __future__ import annotations

import os
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from trunkline.errors import UnavailableError

TIMEOUT_S = 2.0
FIRST_PORT = "50051"


def check(port: str) -> None:
    """Raise UnavailableError unless the task on this host's `port` says SERVING."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            raise UnavailableError(f"port {port} answers {error.code().name}") from error
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise UnavailableError(f"port {port} answers NOT_SERVING")


def main(arguments: list[str]) -> int:
    """0 where the task serves, else 1 and a line that says what came instead."""
    port = arguments[0] if arguments else os.environ.get("TRUNKLINE_TASK_PORT") or FIRST_PORT
    try:
        check(port)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
