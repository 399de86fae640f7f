"""The picture's bytes out of a request, never more of them than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from trunkline_edge.form import ImageForm
from trunkline_edge.problems import Problem

T = TypeVar("T")

FORM_OVERHEAD_BYTES = 64 * 1024
"""What a form's boundaries and headers may add to the picture."""


class ClientGone(Exception):
    """The client hung up before its request was whole: there is nobody to answer."""


class Sink(Protocol):
    """Takes a body as it arrives and gives the picture at its end."""

    def write(self, data: bytes) -> None:
        """One more piece of the body."""

    def close(self) -> bytes:
        """The picture; Problem 400 where there is none."""


class RawBody:
    """A body that is the picture itself."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """One more piece."""
        self._parts.append(data)

    def close(self) -> bytes:
        """All pieces."""
        return b"".join(self._parts)


async def read_image(
    request: Request, max_bytes: int, timeout_s: float, count: Callable[[int], None]
) -> bytes:
    """The picture of a request: its form's field `image`, or the body itself.

    `count` is called with the size of each piece as it comes. Raises Problem 400 (no or two
    pictures, an empty one), 408 (too slow), 413 (too many bytes, said by Content-Length or counted
    while reading), ClientGone, and what `count` raises.
    """
    sink, limit = _sink(request, max_bytes)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(max_bytes)
    try:
        image = await asyncio.wait_for(_read(request, sink, limit, max_bytes, count), timeout_s)
    except asyncio.TimeoutError as error:
        raise Problem(
            408, "upload-too-slow", f"the picture did not arrive within {timeout_s:g} s"
        ) from error
    if not image:
        raise Problem(
            400, "no-picture", "the request holds no picture: send it as body or as field `image`"
        )
    if len(image) > max_bytes:
        raise _too_large(max_bytes)
    return image


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; it is cancelled, and ClientGone raised, where the client hangs up before.

    A client that gives up and tries again shall not queue up behind itself. To be called once the
    body has been read: from then on the one thing to receive is the end of the connection.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        working.cancel()
        gone.cancel()


def _sink(request: Request, max_bytes: int) -> tuple[Sink, int]:
    """What takes the body, and the most bytes that the body may have."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":  # curl --data-binary calls a picture urlencoded
        return RawBody(), max_bytes
    try:
        form = ImageForm(options.get(b"boundary", b""))
    except FormParserError as error:
        raise Problem(400, "bad-form", f"the form cannot be read: {error}") from error
    return form, max_bytes + FORM_OVERHEAD_BYTES


async def _read(
    request: Request, sink: Sink, limit: int, max_bytes: int, count: Callable[[int], None]
) -> bytes:
    """Feed the body to `sink` until its end or the limit."""
    total = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        data: bytes = message.get("body", b"")
        total += len(data)
        if total > limit:
            raise _too_large(max_bytes)
        count(len(data))
        if data:
            sink.write(data)
        if not message.get("more_body", False):
            return sink.close()


def _too_large(max_bytes: int) -> Problem:
    return Problem(413, "too-many-bytes", f"the picture has more than {max_bytes} bytes")
