"""The least that a call over loopback costs: servers that answer at once.

python -m trunkline_benchmarks.latency.echo --port P --grpc-port Q
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import uvicorn

SERVICE = "echo.Echo"
METHOD = f"/{SERVICE}/Call"
ANSWER = b'{"classes": [[281, 0.7]], "detections": [[7, 0.9, 0.1, 0.1, 0.9, 0.9]]}'

Message = dict[str, Any]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """ASGI: read the body, answer JSON."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def _answer(request: bytes, context: object) -> bytes:
    return ANSWER


async def serve(port: int, grpc_port: int) -> None:
    """Both servers until cancelled."""
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(_answer)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Call": handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await server.start()
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, http="httptools", log_level="warning"
    )
    await uvicorn.Server(config).serve()
    await server.stop(None)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.grpc_port))


if __name__ == "__main__":
    main()
