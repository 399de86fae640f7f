"""Requests that are no messages: gRPC's Python would call them an INTERNAL error and log a trace.

They are the caller's mistake: the servicer gets `Malformed` instead, and says INVALID_ARGUMENT.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError


@dataclass(frozen=True)
class Malformed:
    """Stands where a request would stand; `request_id` is empty, as it could not be read."""

    problem: str
    request_id: str = ""


class Tolerant(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Makes the methods of one service take `Malformed` for bytes that are no message."""

    def __init__(self, service: str) -> None:
        self._prefix = f"/{service}/"

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """The method's handler with a deserializer that does not raise."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(self._prefix):
            return handler
        formats = {
            "request_deserializer": _tolerant(handler.request_deserializer),
            "response_serializer": handler.response_serializer,
        }
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(handler.stream_stream, **formats)
        return grpc.unary_unary_rpc_method_handler(handler.unary_unary, **formats)


def _tolerant(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def parse_or_say(data: bytes) -> Any:  # noqa: ANN401 - a message, or what stands for it
        try:
            return parse(data)
        except DecodeError:
            return Malformed(f"{len(data)} bytes are no whole request: truncated or damaged")

    return parse_or_say
