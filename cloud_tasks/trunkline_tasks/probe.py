"""Ask a task for its health: `python -m trunkline_tasks.probe [ADDRESS]`, 0 if it serves, else 1.

Containers run it: it knows no settings and loads no engine.
"""

from __future__ import annotations

import sys

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

ADDRESS = "127.0.0.1:50051"
TIMEOUT_S = 2.0


def serves(address: str) -> bool:
    """Whether the server at `host:port` says SERVING. Raises grpc.RpcError if none answers."""
    with grpc.insecure_channel(address) as channel:
        answer = HealthStub(channel).Check(HealthCheckRequest(), timeout=TIMEOUT_S)
    return bool(answer.status == HealthCheckResponse.SERVING)


def main(arguments: list[str]) -> int:
    """The exit code; what is wrong goes to stderr in one line."""
    address = arguments[0] if arguments else ADDRESS
    try:
        if serves(address):
            return 0
        print(f"{address} is not serving", file=sys.stderr)
    except grpc.RpcError as error:
        print(f"{address} does not answer: {error.code().name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
