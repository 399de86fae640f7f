"""How many pictures may be in work at a time, and how long, with how many bytes, others wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from trunkline.timing import Stopwatch
from trunkline_edge.metrics import Metrics
from trunkline_edge.problems import Problem

RETRY_AFTER_S = 1
MOST_WAITING = 64
"""Pictures that may wait, for each one that may be in work: a connection holds memory as well."""
Turn = asyncio.Future[None]
"""Done when a waiting picture has its place."""


class Admission:
    """Counts pictures from the moment that they have a place to the last answer of their tasks.

    A picture that finds no place waits for one, first come, first served: refusing costs the edge
    nearly what reading does, and whoever is refused at once asks again at once. A body that
    trickles in, or waits, takes no place, only its bytes: of these, as many as pictures in work may
    hold, `max_bytes` each, may be on their way or waiting. For one event loop.
    """

    def __init__(self, limit: int, max_bytes: int, max_wait_s: float, metrics: Metrics) -> None:
        self._limit = limit
        self._limit_bytes = limit * max_bytes
        self._max_wait_s = max_wait_s
        self._inside = 0
        self._waiting: deque[Turn] = deque()
        self._arriving_bytes = 0
        self._metrics = metrics

    @contextmanager
    def upload(self) -> Iterator[Callable[[int], None]]:
        """Around the reading of a body and its wait; gives what counts its bytes as they come.

        Problem 429, before any have come, where there is no place even to wait, and as soon as too
        many bytes are on their way.
        """
        most = self._limit * MOST_WAITING if self._max_wait_s else 0
        if self._full and len(self._waiting) >= most:
            raise self._no_place()
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

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Around the work on one picture; Problem 429 where no place came free in time."""
        if self._full:
            await self._turn()
        else:
            self._count(1)
        try:
            yield
        finally:
            self._leave()

    def keep(self, work: Future[Any]) -> None:
        """Work that nobody waits for any more, but cannot be stopped, has a place until its end."""
        loop = asyncio.get_running_loop()

        def done(_: Future[Any]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._leave)

        self._count(1)
        work.add_done_callback(done)

    @property
    def _full(self) -> bool:
        return self._inside >= self._limit

    async def _turn(self) -> None:
        """Wait for a place, and have it."""
        turn: Turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._show()
        ours, watch = False, Stopwatch()
        try:
            with watch.stage("wait"):
                await asyncio.wait({turn}, timeout=self._max_wait_s)
            ours = turn.done()
        finally:
            self._metrics.stages(watch.ms)
            if not ours:
                self._give_up(turn)
        if not ours:
            raise self._no_place()

    def _leave(self) -> None:
        """Give a place back, and on to who has waited longest."""
        self._count(-1)
        while self._waiting and not self._full:
            self._waiting.popleft().set_result(None)
            self._count(1)

    def _give_up(self, turn: Turn) -> None:
        """Wait no more; the turn may have come in the very moment that the wait was cancelled."""
        if turn.done():
            self._leave()
        else:
            self._waiting.remove(turn)
            self._show()

    def _count(self, step: int) -> None:
        self._inside += step
        self._show()

    def _show(self) -> None:
        self._metrics.in_work.set(self._inside)
        self._metrics.waiting.set(len(self._waiting))

    def _no_place(self) -> Problem:
        waiting = f" and {len(self._waiting)} wait" if self._waiting else ""
        return _too_many(f"{self._limit} pictures are in work{waiting}")


def _too_many(what: str) -> Problem:
    return Problem(
        429,
        "too-many-in-work",
        f"{what} already: try again in {RETRY_AFTER_S} s",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
