"""One feature tensor through one codec and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trunkline import quantize, tiling
from trunkline.codecs import FeatureCodec, PictureCodec
from trunkline.timing import Stopwatch
from trunkline.types import Quantised, Samples, Tensor


@dataclass(frozen=True)
class Passage:
    """What came of it: bytes, what arrived (C, H, W), and the error in units of 8-bit samples.

    `mse` and `max_error` are what the codec itself did, 0 where it kept every sample; only a
    feature codec, whose quantiser is a part of it, answers for that too.
    """

    payload_bytes: int
    restored: Tensor
    mse: float
    max_error: float


def plane(tensor: Tensor, bits: int) -> tuple[Samples, Quantised]:
    """The mosaic (rows*H, columns*W) of a (C, H, W) tensor, and the samples it is made of."""
    quantised = quantize.minmax(tensor, bits)
    return tiling.mosaic(quantised.samples), quantised


def passage(codec: PictureCodec | FeatureCodec, tensor: Tensor, bits: int) -> Passage:
    """Send a (C, H, W) float32 tensor through."""
    if isinstance(codec, FeatureCodec):
        return _of_tensor(codec, tensor)
    mosaic, quantised = plane(tensor, bits)
    payload = codec.encode(mosaic, bits)
    decoded = codec.decode(payload, mosaic.shape, bits)
    samples = tiling.unmosaic(decoded, tensor.shape)
    restored = Quantised(samples, quantised.min, quantised.max, bits)
    error = (decoded.astype(np.float64) - mosaic) * (255 / ((1 << bits) - 1))
    return _passage(len(payload), quantize.dequantize(restored), error)


def _of_tensor(codec: FeatureCodec, tensor: Tensor) -> Passage:
    coded = codec.encode(tensor, Stopwatch())
    restored = codec.decode(coded, tensor.shape, Stopwatch())
    span = float(tensor.max()) - float(tensor.min())
    error = (restored.astype(np.float64) - tensor) * (255 / span)
    return _passage(len(coded.payload), restored, error)


def _passage(payload_bytes: int, restored: Tensor, error: NDArray[np.float64]) -> Passage:
    return Passage(payload_bytes, restored, float(np.mean(error**2)), float(np.abs(error).max()))


def psnr(mse: float) -> float | None:
    """Of 8-bit samples, in dB; None for no error at all."""
    return None if mse == 0 else float(10 * np.log10(255**2 / mse))
