"""The threads that frames are worked on in: how many may wait for them, how many go together."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from trunkline.errors import UnavailableError
from trunkline_tasks.failures import CancelledError, ExpiredError, OverloadedError

T = TypeVar("T")
R = TypeVar("R")


class Caller:
    """Whether the one who asked still waits. Made in the event loop, asked in a thread."""

    def __init__(self, seconds_left: float | None = None) -> None:
        self._deadline = None if seconds_left is None else time.monotonic() + seconds_left
        self._gone = threading.Event()

    def leave(self) -> None:
        """Say that nobody waits any more."""
        self._gone.set()

    def check(self) -> None:
        """Raise CancelledError or ExpiredError where the work would be for nobody."""
        if self._gone.is_set():
            raise CancelledError("the caller has cancelled the request")
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise ExpiredError("the deadline passed before the work was done: allow more time")


@dataclass(frozen=True)
class Batching:
    """At most `most` pieces of work go together; a turn waits `delay_s` for more, if others wait.

    A piece that finds a thread idle goes alone and at once, whatever is said here.
    """

    most: int = 1
    delay_s: float = 0.0


@dataclass(frozen=True, eq=False)
class _Piece(Generic[T, R]):
    """One piece of work that waits for its turn."""

    item: T
    caller: Caller
    future: Future[R] = field(default_factory=Future)


class Workshop(Generic[T, R]):
    """`parallel` threads and at most `limit` pieces of work, waiting ones too."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        *,
        parallel: int,
        limit: int,
        batching: Batching,
        gauge: Callable[[int], None],
    ) -> None:
        """`work` makes of some items as many results, in their order; it is called in a thread."""
        self._work = work
        self._parallel = parallel
        self._limit = limit
        self.batching = batching
        self._gauge = gauge
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="frame")
        self._waiting: deque[_Piece[T, R]] = deque()
        self._arrival = threading.Condition()
        self._in_work = 0
        self.is_open = True
        self._idle = asyncio.Event()
        self._idle.set()

    async def do(self, item: T, caller: Caller) -> R:
        """Have `item` worked on in a thread, unless the caller leaves before its turn comes.

        Raises OverloadedError, UnavailableError after `close`, and what the work raises. Where the
        awaiting coroutine is cancelled, work not begun never begins, work begun is told to stop.
        """
        self._admit()
        piece: _Piece[T, R] = _Piece(item, caller)
        loop = asyncio.get_running_loop()
        # the place is free when the thread is, which may be long after a caller has gone
        piece.future.add_done_callback(lambda done: self._done(loop, done))
        with self._arrival:
            self._waiting.append(piece)
            self._arrival.notify()
        self._pool.submit(self._turn)
        try:
            return await asyncio.wrap_future(piece.future)
        except asyncio.CancelledError:
            caller.leave()
            raise

    @property
    def idle(self) -> bool:
        """Whether nothing is in work."""
        return self._in_work == 0

    def close(self) -> None:
        """Take no more work."""
        self.is_open = False

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing is in work, at most `seconds`; whether that came to be."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def shut(self) -> None:
        """End the threads; what waits for them is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> None:
        """In a thread: work on the pieces that have waited longest, if an earlier turn left any."""
        pieces = [piece for piece in self._take() if _wanted(piece)]
        if not pieces:
            return
        try:
            results = self._work([piece.item for piece in pieces])
        except BaseException as error:
            for piece in pieces:
                piece.future.set_exception(error)
        else:
            for piece, result in zip(pieces, results, strict=True):
                piece.future.set_result(result)

    def _take(self) -> list[_Piece[T, R]]:
        """This turn's pieces: its share of those that wait, so that no thread is left idle."""
        with self._arrival:
            if self.batching.delay_s and len(self._waiting) > 1:
                self._arrival.wait_for(self._full, self.batching.delay_s)
            share = math.ceil(len(self._waiting) / self._parallel)
            return [self._waiting.popleft() for _ in range(min(share, self.batching.most))]

    def _full(self) -> bool:
        return len(self._waiting) >= self.batching.most

    def _admit(self) -> None:
        if not self.is_open:
            raise UnavailableError("this task is shutting down: ask another replica or try again")
        if self._in_work >= self._limit:
            raise OverloadedError(
                f"{self._limit} frames are in work, as many as this task takes: try again later"
            )
        self._count(1)

    def _done(self, loop: asyncio.AbstractEventLoop, _: Future[R]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count, -1)

    def _count(self, step: int) -> None:
        self._in_work += step
        self._gauge(self._in_work)
        if self._in_work:
            self._idle.clear()
        else:
            self._idle.set()


def _wanted(piece: _Piece[T, R]) -> bool:
    """Begin a piece; one that nobody waits for any more is done with."""
    if not piece.future.set_running_or_notify_cancel():
        return False
    try:
        piece.caller.check()
    except (CancelledError, ExpiredError) as error:
        piece.future.set_exception(error)
        return False
    return True
