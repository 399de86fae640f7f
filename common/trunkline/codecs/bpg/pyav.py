"""HEVC through PyAV: x265 writes, libavcodec reads. The only importer of `av`.

Every call has a context of its own, so calls from several threads never meet.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from trunkline.codecs.bpg import x265
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.types import Samples

ENCODER = "libx265"
DECODER = "hevc"
DECODER_OPTIONS = {"err_detect": "explode", "threads": "1"}
"""Damage is an error instead of a concealed picture."""


def encode(planes: Samples, settings: x265.Settings, block: int) -> bytes:
    """Code (H, W) or (3, H, W) uint8 planes whose sides are whole blocks of `block` samples."""
    import av

    height, width = planes.shape[-2:]
    context: Any = av.CodecContext.create(ENCODER, "w")
    context.width, context.height = width, height
    context.pix_fmt = pixel_format(planes.ndim)
    context.time_base = context.framerate = Fraction(1, 1)
    context.options = x265.options(settings, height, width, block)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format=context.pix_fmt)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def decode(stream: bytes, shape: tuple[int, ...]) -> Samples:
    """Decode an Annex B stream of one picture of exactly `shape`, (H, W) or (3, H, W).

    Raises BitstreamError where libavcodec finds damage or no picture, or finds another one.
    """
    import av

    context: Any = av.CodecContext.create(DECODER, "r")
    context.options = DECODER_OPTIONS
    context.thread_count = 1
    try:
        frames = [*context.decode(av.Packet(stream)), *context.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise BitstreamError(f"the HEVC stream is damaged ({error})") from error
    if len(frames) != 1:
        raise BitstreamError(f"{len(frames)} pictures where there should be one")
    return _samples(frames[0], shape)


def pixel_format(dimensions: int) -> str:
    """libavcodec's name of 8-bit grey, or of three full planes whatever colours they are."""
    return "gray" if dimensions == 2 else "yuv444p"


def _samples(frame: Any, shape: tuple[int, ...]) -> Samples:  # noqa: ANN401 - PyAV has no types
    """The frame's samples, if it is whole and what the header announced."""
    expected = pixel_format(len(shape))
    if frame.is_corrupt:
        raise BitstreamError("parts of the picture are missing")
    if (frame.height, frame.width, frame.format.name) != (*shape[-2:], expected):
        raise BitstreamError(
            f"a picture of {frame.width}x{frame.height} {frame.format.name} samples"
            f" where {shape[-1]}x{shape[-2]} {expected} were announced"
        )
    samples: Samples = frame.to_ndarray()
    return samples
