"""The timing pass: encode and decode milliseconds, one mosaic after another, alone on one core."""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from trunkline.codecs import FeatureCodec, PictureCodec
from trunkline.timing import Stopwatch
from trunkline.types import Tensor
from trunkline_benchmarks.codecs.passage import plane
from trunkline_benchmarks.codecs.settings import Setting
from trunkline_benchmarks.shards import Row, Shard

Call = Callable[[], Any]


def measure(shard: Shard) -> list[Row]:
    """A row for each setting of `work` on picture `first` of the file of features.

    The settings come in an order of chance that the shard's key fixes, so that drift of the
    machine hits all alike. Each codes the next picture first, untimed: a service has its codec's
    code and tables at hand. Quantiser and mosaic are not timed, they are the same for all.
    """
    work = shard.work
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the first serves most interrupts
    settings = [Setting(**document) for document in work["settings"]]
    random.Random(shard.key).shuffle(settings)  # noqa: S311 - no secret
    tensors = np.load(work["features"], mmap_mode="r")
    tensor = np.array(tensors[work["first"]])
    other = np.array(tensors[(work["first"] + 1) % len(tensors)])
    fixed = {"trunk": f"{work['trunk']}/{work['set']}", "picture": work["first"]}
    return [{**fixed, **_row(setting, tensor, other)} for setting in settings]


def _row(setting: Setting, tensor: Tensor, other: Tensor) -> Row:
    codec = setting.made()
    for call in _calls(codec, other, setting.bits):
        call()
    encode_ms, decode_ms = (_timed(call) for call in _calls(codec, tensor, setting.bits))
    return {"setting": setting.name, "encode_ms": encode_ms, "decode_ms": decode_ms}


def _calls(codec: PictureCodec | FeatureCodec, tensor: Tensor, bits: int) -> tuple[Call, Call]:
    """Encoding, and decoding what that gave; to be called in this order."""
    payloads: list[Any] = []
    if isinstance(codec, FeatureCodec):
        return (
            lambda: payloads.append(codec.encode(tensor, Stopwatch())),
            lambda: codec.decode(payloads[0], tensor.shape, Stopwatch()),
        )
    mosaic, _ = plane(tensor, bits)
    return (
        lambda: payloads.append(codec.encode(mosaic, bits)),
        lambda: codec.decode(payloads[0], mosaic.shape, bits),
    )


def _timed(call: Call) -> float:
    """Milliseconds, without the garbage collector's visits."""
    gc.disable()
    try:
        started = time.perf_counter()
        call()
        return round((time.perf_counter() - started) * 1e3, 4)
    finally:
        gc.enable()
