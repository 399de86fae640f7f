"""What a person sees on standard error: lines, and one that says how far long work is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
LINE_EVERY_S = 10.0
"""Between plain lines, where standard error is no terminal."""
BAR_EVERY_S = 0.2
BAR_WIDTH = 24


def say(line: str) -> None:
    """A line on stderr."""
    print(line, file=sys.stderr, flush=True)


def progress(items: Iterable[Item], total: int, what: str, done: int = 0) -> Iterator[Item]:
    """Pass `items` on and show how far they are: `done` of `total` were finished before.

    A terminal gets one line with a bar that is drawn over again, anything else plain lines.
    """
    terminal = sys.stderr.isatty()
    every = BAR_EVERY_S if terminal else LINE_EVERY_S
    start = time.monotonic()
    said = start if done < total else float("inf")
    count, shown = done, False
    try:
        for item in items:
            yield item
            count += 1
            now = time.monotonic()
            if now - said >= every or count == total:
                said = now
                left_s = (now - start) / (count - done) * (total - count)
                _show(_line(what, count, total, left_s, now - start), terminal)
                shown = True
    finally:
        if shown and terminal:
            print(file=sys.stderr, flush=True)


def _line(what: str, count: int, total: int, left_s: float, taken_s: float) -> str:
    full = BAR_WIDTH * count // total
    bar = "#" * full + "-" * (BAR_WIDTH - full)
    when = f"took {_clock(taken_s)}" if count == total else f"{_clock(left_s)} left"
    return f"{what} [{bar}] {count}/{total}, {when}"


def _show(line: str, terminal: bool) -> None:
    # ESC [ K: a shorter line than the last one leaves nothing of it behind
    text, end = (f"\r{line}\x1b[K", "") if terminal else (line, "\n")
    print(text, end=end, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    """`2:05` or `1:02:05`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
