"""What every cut's tensor weighs once coded, and how long coding it takes."""

from __future__ import annotations

import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from PIL import Image

from trunkline.codecs import FeatureCodec
from trunkline.errors import TensorError
from trunkline.timing import Stopwatch
from trunkline.types import Tensor
from trunkline_benchmarks.plan import layers
from trunkline_benchmarks.plan.real import RealNetwork
from trunkline_benchmarks.plan.timing import Timing, timed
from trunkline_training.progress import progress

JPEG_QUALITY = 75
"""What the published sizes of the inputs fit."""


@dataclass(frozen=True)
class Coding:
    """What pictures weigh once coded and how long that takes; one entry per picture."""

    payload_bytes: list[int] = field(default_factory=list)
    encode_ms: list[float] = field(default_factory=list)
    decode_ms: list[float] = field(default_factory=list)

    @property
    def mean_bytes(self) -> float:
        """Mean payload in bytes."""
        return statistics.fmean(self.payload_bytes)


@dataclass(frozen=True)
class Measured:
    """What was measured of a network. `why` says why cuts are missing from `codings`."""

    jpeg: Coding
    codings: Mapping[str, Coding]
    timings: Mapping[str, Timing]
    whole_ms: Sequence[float]
    why: str


def code_cuts(
    network: RealNetwork, codec: FeatureCodec, pictures: Sequence[Image.Image]
) -> dict[str, Coding]:
    """Every picture's tensors through the pipeline's codec and back, by the cut's name."""
    warm = np.linspace(-1, 1, 32 * 28 * 28, dtype=np.float32).reshape(32, 28, 28)
    _code(codec, warm, Coding())  # a codec's first use loads its library
    found = {cut.name: Coding() for cut in network.cuts}
    for picture in progress(pictures, len(pictures), "coding pictures"):
        for name, tensor in network.tensors(picture).items():
            _code(codec, tensor, found[name])
    return found


def code_pictures(pictures: Sequence[Image.Image]) -> Coding:
    """The pictures themselves, squashed to the trunk's input, as Pillow's JPEG."""
    height, width = layers.INPUT[1:]
    coding = Coding()
    _jpeg(Image.new("RGB", (8, 8)))  # the first use loads Pillow's encoder
    for picture in pictures:
        squashed = picture.resize((width, height), Image.Resampling.BILINEAR)
        payload, encode_ms = timed(partial(_jpeg, squashed))
        _, decode_ms = timed(Image.open(io.BytesIO(payload)).load)
        _add(coding, payload, encode_ms, decode_ms)
    return coding


def _code(codec: FeatureCodec, tensor: Tensor, coding: Coding) -> None:
    coded, encode_ms = timed(lambda: codec.encode(tensor, Stopwatch()))
    restored, decode_ms = timed(lambda: codec.decode(coded, tensor.shape, Stopwatch()))
    if restored.shape != tensor.shape:
        raise TensorError(f"{codec.id} gave {restored.shape} back: expected {tensor.shape}")
    _add(coding, coded.payload, encode_ms, decode_ms)


def _add(coding: Coding, payload: bytes, encode_ms: float, decode_ms: float) -> None:
    coding.payload_bytes.append(len(payload))
    coding.encode_ms.append(encode_ms)
    coding.decode_ms.append(decode_ms)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
