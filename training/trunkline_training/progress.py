"""Progress lines for long work."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
EVERY_S = 5.0


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass `items` on; say on stderr every few seconds, and at the end, how far it is."""
    start = said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said >= EVERY_S or done == total:
            said = now
            rest = (now - start) / done * (total - done)
            print(f"{what}: {done}/{total}, {rest:.0f} s left", file=sys.stderr, flush=True)
