"""How many pictures may be in work at a time, and how many bytes of others may be on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from trunkline_edge.metrics import Metrics
from trunkline_edge.problems import Problem

RETRY_AFTER_S = 1


class Admission:
    """Counts pictures from the last byte of their upload to the last answer of their tasks.

    A body that trickles in takes no place, only the bytes that have come. Both bounds together
    are what keeps memory bounded: a picture in work holds up to `max_bytes`, as many as that makes
    may be on their way besides. For one event loop.
    """

    def __init__(self, limit: int, max_bytes: int, metrics: Metrics) -> None:
        self._limit = limit
        self._limit_bytes = limit * max_bytes
        self._inside = 0
        self._arriving_bytes = 0
        self._gauge = metrics.in_work

    @contextmanager
    def upload(self) -> Iterator[Callable[[int], None]]:
        """Around the reading of a body; gives what counts its bytes as they come.

        Problem 429 where there is no place for the picture now, or too much on its way already.
        """
        self._check()
        received = 0

        def count(size: int) -> None:
            nonlocal received
            if self._arriving_bytes + size > self._limit_bytes:
                raise _too_many(f"{self._limit_bytes} bytes of pictures are on their way")
            received += size
            self._arriving_bytes += size

        try:
            yield count
        finally:
            self._arriving_bytes -= received

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count one picture in; Problem 429 where there are too many already."""
        self._check()
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def keep(self, work: Future[Any]) -> None:
        """Work that nobody waits for any more, but cannot be stopped, has a place until its end."""
        loop = asyncio.get_running_loop()

        def done(_: Future[Any]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._count, -1)

        self._count(1)
        work.add_done_callback(done)

    def _check(self) -> None:
        if self._inside >= self._limit:
            raise _too_many(f"{self._limit} pictures are in work")

    def _count(self, step: int) -> None:
        self._inside += step
        self._gauge.set(self._inside)


def _too_many(what: str) -> Problem:
    return Problem(
        429,
        "too-many-in-work",
        f"{what} already: try again in {RETRY_AFTER_S} s",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
