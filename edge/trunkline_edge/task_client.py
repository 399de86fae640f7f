"""One task as the edge sees it: a gRPC channel and the three calls that go through it."""

from __future__ import annotations

import json

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from trunkline import logs, wire
from trunkline.text import one_line
from trunkline.types import InferFailure, InferResult, TaskInfo

SERVICE = "/trunkline.v1.TaskService"
MAX_ANSWER_BYTES = 1 << 20
LONGEST_WORDS = 500

_OPTIONS = (
    # every address that a name has takes its share, and a dead one is left out
    (
        "grpc.service_config",
        json.dumps({"loadBalancingConfig": [{"round_robin": {}}]}),
    ),
    # a task that comes back is seen within about a second, also at another address
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # one ping in five minutes is what servers tolerate by default; it finds peers that vanished
    ("grpc.keepalive_time_ms", 310_000),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    # the edge retries by itself, with its own deadline in view
    ("grpc.enable_retries", 0),
    # one connection a task, none shared with another edge in this process
    ("grpc.use_local_subchannel_pool", 1),
)


class TaskClient:
    """Calls one task; made within a running event loop. Its calls raise grpc.aio.AioRpcError."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self._channel = grpc.aio.insecure_channel(f"dns:///{address}", options=_OPTIONS)
        self._infer = self._channel.unary_unary(f"{SERVICE}/Infer")
        self._describe = self._channel.unary_unary(f"{SERVICE}/GetTask")
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def infer(self, request: bytes, timeout_s: float) -> InferResult | InferFailure:
        """Send one serialised request, under the current request's id.

        Raises CorruptFrameError for an answer that is none.
        """
        metadata = ((logs.REQUEST_ID_KEY, logs.request_id.get()),)
        answer = await self._infer(request, timeout=timeout_s, metadata=metadata)
        return wire.response_from_bytes(answer)

    async def describe(self, timeout_s: float) -> TaskInfo:
        """What the task says of itself. Raises CorruptFrameError for an answer that is none."""
        return wire.task_from_bytes(await self._describe(b"", timeout=timeout_s))

    async def healthy(self, service: str, timeout_s: float) -> bool:
        """Whether the task says that it serves; one without grpc.health.v1 is taken to."""
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = await self._health.Check(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND):
                return True
            raise
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def close(self) -> None:
        """Close the channel; calls under way end with CANCELLED."""
        await self._channel.close()


def words(error: grpc.aio.AioRpcError) -> str:
    """What a gRPC error says, in one line, without what every error of its kind says."""
    return plain((error.details() or "no details").rpartition("last error: ")[2])


def plain(text: str) -> str:
    """A task's words as the edge repeats them: one printable line that is not long."""
    return one_line(text, LONGEST_WORDS)
