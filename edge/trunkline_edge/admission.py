"""How many pictures may be in work at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline_edge.metrics import Metrics
from trunkline_edge.problems import Problem

RETRY_AFTER_S = 1


class Admission:
    """Counts pictures from the first byte of their upload to the last answer of their tasks.

    The bound is what keeps memory bounded too: an upload holds up to `max_bytes`. For one event
    loop.
    """

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._inside = 0
        self._gauge = metrics.in_work

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count one picture in; Problem 429 where there are too many already."""
        if self._inside >= self._limit:
            raise Problem(
                429,
                "too-many-in-work",
                f"{self._limit} pictures are in work already: try again in {RETRY_AFTER_S} s",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        self._inside += 1
        self._gauge.set(self._inside)
        try:
            yield
        finally:
            self._inside -= 1
            self._gauge.set(self._inside)
