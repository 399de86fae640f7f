"""Encoders that wait for the next picture: to make one costs as much as a fast one's picture."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.codecs.bpg import x265
from trunkline.codecs.bpg.header import Header
from trunkline.codecs.bpg.pyav import Encoder

MOST_IDLE = 8
"""Encoders kept, whoever asked for them: a few settings for each of a few threads."""
LARGEST_KEPT = 1 << 18
"""Samples of the largest picture whose encoder is kept: ten bottleneck7 mosaics, 2.6 of pool4."""

Kind = tuple[x265.Settings, Header]


class Idle:
    """Encoders that nobody uses now, the one used last at the end. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._encoders: list[tuple[Kind, Encoder]] = []

    def take(self, kind: Kind) -> Encoder:
        """An idle encoder of this kind, or a new one."""
        with self._lock:
            for place in reversed(range(len(self._encoders))):
                if self._encoders[place][0] == kind:
                    return self._encoders.pop(place)[1]
        return Encoder(*kind)

    def put(self, kind: Kind, encoder: Encoder) -> None:
        """Keep an encoder, and let the one go that has waited longest where there are too many."""
        with self._lock:
            self._encoders.append((kind, encoder))
            surplus = self._encoders[:-MOST_IDLE]
            del self._encoders[:-MOST_IDLE]
        del surplus  # closed here, where nobody waits for the lock


_idle = Idle()


@contextmanager
def encoder(settings: x265.Settings, head: Header) -> Iterator[Encoder]:
    """An encoder for a picture of this kind, for the caller alone; after an error it is dropped."""
    kind = (settings, head)
    taken = _idle.take(kind)
    yield taken
    if head.width * head.height <= LARGEST_KEPT:
        _idle.put(kind, taken)


def _forget() -> None:
    """In a forked process: the encoders' threads stayed behind, so even closing them would hang."""
    global _idle
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_idle))
    _idle = Idle()


os.register_at_fork(after_in_child=_forget)
