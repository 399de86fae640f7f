"""Answers that come before the request's body has: they must reach a client that still sends."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_S = 10.0


class Body:
    """A request's body as it is received; knows whether all of it was."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        self._receive = receive
        self._begun = False
        # who waits for "100 Continue" and gets another answer sends nothing more
        self._waits = headers.get(b"expect", b"").lower() == b"100-continue"
        self._whole = headers.get(b"content-length", b"0") == b"0" and (
            b"transfer-encoding" not in headers
        )

    @property
    def pending(self) -> bool:
        """Whether the client has more to send."""
        return not self._whole and (self._begun or not self._waits)

    @property
    def whole(self) -> bool:
        """Whether everything has been received."""
        return self._whole

    async def receive(self) -> Message:
        """The next piece."""
        self._begun = True
        message = await self._receive()
        self._whole = self._whole or not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Receive the rest and keep none of it."""
        while not self._whole:
            await self.receive()


class Linger:
    """ASGI middleware: an early answer goes out at once, whole, and the rest of the body is read
    and thrown away for a while.

    Without it the connection would be closed with unread bytes in it; then TCP resets it, and the
    client may lose the answer (RFC 9112, section 9.6).
    """

    def __init__(self, app: ASGIApp, seconds: float = LINGER_S) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = Body(scope, receive)

        async def send_first(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.whole:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and body.pending:
                await send({**message, "more_body": True})  # its length is known: it is whole
                await self._drain(body)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, body.receive, send_first)

    async def _drain(self, body: Body) -> None:
        try:
            await asyncio.wait_for(body.discard(), self._seconds)
        except asyncio.TimeoutError:
            return  # enough patience: whoever still sends does not read
