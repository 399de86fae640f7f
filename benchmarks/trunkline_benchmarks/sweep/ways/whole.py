"""Nothing is split: the edge does all and sends the answer, or sends the picture's file as it is.

Both have the uncompressed network's accuracy.
"""

from __future__ import annotations

from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.ways.abc import Arrival, Source, Way


class Answer(Way):
    """`answer`: the whole network at the edge; one answer a task is sent."""

    needs_tail = True

    def __init__(self, setting: Setting) -> None:
        """Nothing is to be set."""

    def send(self, source: Source) -> Arrival:
        """Bytes of the answer alone."""
        return Arrival(source.answer_bytes, source.tensor)


class File(Way):
    """`file`: the whole network in the cloud; the picture's file is sent as it lies there."""

    def __init__(self, setting: Setting) -> None:
        """Nothing is to be set."""

    def send(self, source: Source) -> Arrival:
        """Bytes of the file."""
        return Arrival(source.path.stat().st_size, source.tensor)
