"""Feature tensor -> frame -> feature tensor."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from trunkline import codecs
from trunkline.codecs.abc import FeatureCodec, PictureCodec
from trunkline.codecs.mosaic import MosaicCodec
from trunkline.errors import (
    CorruptFrameError,
    FrameMismatchError,
    MissingExtraError,
    ParameterError,
    TensorError,
    UnknownNameError,
)
from trunkline.quantize import BITS
from trunkline.text import one_of
from trunkline.tiling import DEFAULT_ARRANGEMENT
from trunkline.timing import Stopwatch
from trunkline.types import Coded, Frame, Quantiser, Shape, Tensor, TrunkSpec

LARGEST = float(np.finfo(np.float32).max)
MAX_ELEMENTS = 1 << 22
"""The largest tensor a frame may claim: forty times VGG16's pool4, 16 MB as float32."""


def pack(
    tensor: Tensor,
    spec: TrunkSpec,
    codec: FeatureCodec | PictureCodec,
    *,
    arrangement: str = DEFAULT_ARRANGEMENT,
    bits: int = 8,
    image_size: tuple[int, int] = (0, 0),
    capture_time: float | None = None,
    watch: Stopwatch | None = None,
) -> Frame:
    """Code one (C, H, W) float32 tensor of the trunk `spec` to a frame.

    `arrangement` and `bits` concern a bare picture codec only. `image_size` is the original
    picture's (width, height) in pixels, `capture_time` seconds since the epoch.
    Raises TensorError for a tensor of another shape, NaN or Inf, ParameterError.
    """
    if tensor.shape != spec.shape:
        raise TensorError(f"feature tensor is {tensor.shape}: trunk {spec.name} makes {spec.shape}")
    feature = codecs.as_feature(codec, arrangement=arrangement, bits=bits)
    coded = feature.encode(tensor, watch or Stopwatch())
    return Frame(
        trunk=spec.name,
        cut=spec.cut,
        digest=spec.digest,
        shape=spec.shape,
        codec=feature.id,
        params=feature.params,
        payload=coded.payload,
        arrangement=feature.arrangement,
        quantiser=coded.quantiser,
        image_size=image_size,
        capture_time=capture_time,
    )


def unpack(frame: Frame, watch: Stopwatch | None = None) -> Tensor:
    """Undo `pack`: the frame's (C, H, W) float32 tensor, as close as its codec keeps it.

    Claims are checked before anything is allocated. Raises FrameMismatchError for a codec that is
    not known here, CorruptFrameError for fields or a payload that cannot be undone.
    """
    _check_shape(frame.shape)
    if frame.quantiser is not None:
        _check_quantiser(frame.quantiser)
    codec = _codec_of(frame)
    return codec.decode(Coded(frame.payload, frame.quantiser), frame.shape, watch or Stopwatch())


def check(frame: Frame, accepts: Iterable[str], shape: Shape) -> None:
    """Raise FrameMismatchError unless the frame is of an accepted trunk digest and of `shape`."""
    accepted = tuple(accepts)
    if frame.digest not in accepted:
        raise FrameMismatchError(
            f"frame of trunk {frame.trunk} at {frame.cut} has digest {frame.digest}: "
            f"expected {' or '.join(accepted)}; run edge and task on one weight set"
        )
    if frame.shape != shape:
        raise FrameMismatchError(f"frame holds a tensor of {frame.shape}: expected {shape}")


def _codec_of(frame: Frame) -> FeatureCodec:
    """The codec that undoes a frame, with the parameters that came beside the payload."""
    try:
        codec = codecs.get(frame.codec, **frame.params)
        if isinstance(codec, FeatureCodec):
            return codec
        if frame.quantiser is None:
            raise CorruptFrameError(f"a {codec.id} frame has no quantiser: expected min, max, bits")
        return MosaicCodec(codec, frame.arrangement, frame.quantiser.bits)
    except UnknownNameError as error:
        raise FrameMismatchError(f"frame cannot be undone here: {error}") from error
    except MissingExtraError as error:
        raise FrameMismatchError(f"frame cannot be undone here: {error}") from error
    except ParameterError as error:
        raise CorruptFrameError(f"frame has bad codec parameters: {error}") from error


def _check_shape(shape: Shape) -> None:
    """Refuse empty and absurd tensors."""
    if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > MAX_ELEMENTS:
        raise CorruptFrameError(
            f"frame claims a tensor of {shape}: expected (C, H, W) of at most {MAX_ELEMENTS} values"
        )


def _check_quantiser(quantiser: Quantiser) -> None:
    """Refuse ranges that no tensor has."""
    low, high = quantiser.min, quantiser.max
    if quantiser.bits not in BITS:
        raise CorruptFrameError(
            f"frame claims {quantiser.bits} bits a sample: expected {one_of(BITS)}"
        )
    if not -LARGEST <= low <= high <= LARGEST:  # so that NaN is in no bounds
        raise CorruptFrameError(
            f"frame claims the range {low} to {high}: expected finite, in order"
        )
