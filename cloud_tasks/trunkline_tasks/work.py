"""The threads that frames are worked on in, and how many frames may wait for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from trunkline.errors import UnavailableError
from trunkline_tasks.failures import CancelledError, ExpiredError, OverloadedError

T = TypeVar("T")


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


class Workshop:
    """A pool of `workers` threads, with at most `limit` pieces of work in it, waiting ones too."""

    def __init__(self, workers: int, limit: int, gauge: Callable[[int], None]) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="frame")
        self._limit = limit
        self._gauge = gauge
        self._in_work = 0
        self.is_open = True
        self._idle = asyncio.Event()
        self._idle.set()

    async def do(self, work: Callable[[], T], caller: Caller) -> T:
        """Run `work` in a thread, unless the caller leaves before its turn comes.

        Raises OverloadedError, UnavailableError after `close`, and what `work` raises. Where the
        awaiting coroutine is cancelled, work not begun never begins, work begun is told to stop.
        """
        self._admit()
        future = self._pool.submit(copy_context().run, _if_wanted, work, caller)
        loop = asyncio.get_running_loop()
        # the place is free when the thread is, which may be long after a caller has gone
        future.add_done_callback(lambda done: self._done(loop, done))
        try:
            return await asyncio.wrap_future(future)
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

    def _admit(self) -> None:
        if not self.is_open:
            raise UnavailableError("this task is shutting down: ask another replica or try again")
        if self._in_work >= self._limit:
            raise OverloadedError(
                f"{self._limit} frames are in work, as many as this task takes: try again later"
            )
        self._count(1)

    def _done(self, loop: asyncio.AbstractEventLoop, _: Future[T]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count, -1)

    def _count(self, step: int) -> None:
        self._in_work += step
        self._gauge(self._in_work)
        if self._in_work:
            self._idle.clear()
        else:
            self._idle.set()


def _if_wanted(work: Callable[[], T], caller: Caller) -> T:
    caller.check()
    return work()
