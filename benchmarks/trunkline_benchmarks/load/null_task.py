"""A task that answers at once, under as many names as are wanted: what a task costs the edge.

python -m trunkline_benchmarks.load.null_task --port P --trunk mobilenet_v2 --set keras-160
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health

from trunkline import wire
from trunkline.types import InferResult, TaskInfo
from trunkline.v1.trunkline_pb2_grpc import TaskServiceServicer, add_TaskServiceServicer_to_server
from trunkline.weights.manifest import TrunkEntry
from trunkline.weights.store import ModelStore

NAME = "null"


class NullTask(TaskServiceServicer):  # type: ignore[misc]
    """Takes the frames of one trunk and sees nothing in them."""

    def __init__(self, trunk: TrunkEntry) -> None:
        spec = trunk.spec
        info = TaskInfo(NAME, NAME, spec.name, spec.cut, spec.shape, (spec.digest,), 0)
        self._info = wire.task_to_message(info)
        self._answer = wire.response_to_message(InferResult({"seen": 0.0}, NAME, {}, ""))

    async def GetTask(self, request: Any, context: Any) -> Any:  # noqa: ANN401 - gRPC's, untyped
        """Which trunk it takes."""
        return self._info

    async def Infer(self, request: Any, context: Any) -> Any:  # noqa: ANN401 - gRPC's, untyped
        """The same answer to everything."""
        return self._answer


async def serve(port: int, trunk: TrunkEntry) -> None:
    """Serve until cancelled."""
    server = grpc.aio.server()
    status = health.HealthServicer()
    await status.set(NAME, health_pb2.HealthCheckResponse.SERVING)
    add_TaskServiceServicer_to_server(NullTask(trunk), server)
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--set", required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.port, ModelStore.default().trunk(given.trunk, given.set)))


if __name__ == "__main__":
    main()
