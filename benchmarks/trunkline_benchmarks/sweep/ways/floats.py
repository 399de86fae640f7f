"""`floats`: the feature tensor without any quantiser, as float32 or float16."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from trunkline.errors import UnknownNameError
from trunkline.timing import Stopwatch
from trunkline.types import Tensor
from trunkline_benchmarks.sweep.settings import FLOAT32, Setting
from trunkline_benchmarks.sweep.ways.abc import Arrival, Source, Way

FORMATS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    FLOAT32: ("<f4", bytes),
    "float16": ("<f2", bytes),
    "float16-deflate": ("<f2", zlib.compress),
}
"""The numbers' type, and what is done to their bytes."""


class Floats(Way):
    """Little-endian, row-major."""

    def __init__(self, setting: Setting) -> None:
        if setting.codec not in FORMATS:
            raise UnknownNameError("format of floats", setting.codec, list(FORMATS))
        self._kind, self._pack = FORMATS[setting.codec]

    def send(self, source: Source) -> Arrival:
        """No frame: this is what codecs are for."""
        watch = Stopwatch()
        with watch.stage("encode"):
            numbers = source.tensor.astype(self._kind)
            payload = self._pack(numbers.tobytes())
        tensor: Tensor = numbers.astype("f4")
        return Arrival(len(payload), tensor, encode_ms=watch.ms["encode"])
