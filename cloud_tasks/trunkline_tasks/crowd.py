"""Calls that stay open: streams and health watches, so many of each method and no more.

They cost next to nothing while they idle, but each takes one of the port's calls, and whoever held
them all would shut out everyone else's frames.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

Behaviour = Callable[[Any, Any], Any]


class Crowd(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses a method's calls with more than one answer once `most` of them are open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """The method's handler; one that counts where the method may stay open."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler
        formats = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        method = handler_call_details.method
        if handler.request_streaming:
            counted = self._counted(handler.stream_stream, method)
            return grpc.stream_stream_rpc_method_handler(counted, **formats)
        counted = self._counted(handler.unary_stream, method)
        return grpc.unary_stream_rpc_method_handler(counted, **formats)

    def _counted(self, behaviour: Behaviour, method: str) -> Behaviour:
        async def call(request: Any, context: Any) -> None:  # noqa: ANN401 - gRPC's, untyped
            if self._open[method] >= self._most:
                detail = f"{self._most} calls of {method} are open: close some or try again later"
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, detail)
            self._open[method] += 1
            try:
                await _answer(behaviour, request, context)
            finally:
                self._open[method] -= 1

        return call


async def _answer(behaviour: Behaviour, request: Any, context: Any) -> None:  # noqa: ANN401
    """Either kind of servicer method: one that yields its answers, one that writes them."""
    answers = behaviour(request, context)
    if inspect.isasyncgen(answers):
        async for answer in answers:
            await context.write(answer)
    else:
        await answers
