"""HEVC through PyAV: x265 writes, libavcodec reads. The only importer of `av`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from trunkline.codecs.abc import sample_type
from trunkline.codecs.bpg import x265
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.colour import Planes
from trunkline.codecs.bpg.header import Header
from trunkline.types import Samples

ENCODER = "libx265"
DECODER = "hevc"
DECODER_OPTIONS = {"err_detect": "explode", "threads": "1"}
"""Damage is an error instead of a concealed picture."""
DEPTHS = (8, 9, 10, 12)
"""Bits a sample that libavcodec's decoder has; x265 writes all of them but 9."""
CHROMA = {0: "gray", 1: "yuv420p", 2: "yuv422p", 3: "yuv444p"}


class Encoder:
    """x265 for pictures of one kind, each coded as if it were the only one. Not for two threads."""

    def __init__(self, settings: x265.Settings, head: Header) -> None:
        import av

        self._format = pixel_format(head)
        self._pictures = 0
        context: Any = av.CodecContext.create(ENCODER, "w")
        context.width, context.height = head.width, head.height
        context.pix_fmt = self._format
        context.time_base = context.framerate = Fraction(1, 1)
        context.options = x265.options(settings, head.height, head.width)
        self._context = context

    def encode(self, planes: Planes) -> bytes:
        """The HEVC stream of one picture, parameter sets included.

        Raises BitstreamError where the encoder holds the picture back.
        """
        import av

        frame = av.VideoFrame(self._context.width, self._context.height, self._format)
        for view, plane in zip(_views(frame, planes[0].dtype), planes, strict=True):
            view[...] = plane
        frame.pts = self._pictures
        self._pictures += 1
        stream = b"".join(bytes(packet) for packet in self._context.encode(frame))
        if not stream:
            raise BitstreamError("x265 gave nothing for a picture")
        return stream


def decode(stream: bytes, head: Header) -> Planes:
    """Decode an Annex B stream of one picture of exactly the size and kind that `head` says.

    Raises BitstreamError where libavcodec finds damage or no picture, or finds another one. Every
    call has a context of its own, so no stream leaves anything behind for the next.
    """
    import av

    expected = pixel_format(head)
    context: Any = av.CodecContext.create(DECODER, "r")
    context.options = DECODER_OPTIONS
    context.thread_count = 1
    try:
        frames = [*context.decode(av.Packet(stream)), *context.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise BitstreamError(f"the HEVC stream is damaged ({error})") from error
    if len(frames) != 1:
        raise BitstreamError(f"{len(frames)} pictures where there should be one")
    _check(frames[0], head, expected)
    return tuple(_views(frames[0], np.dtype(sample_type(head.bit_depth))))


def pixel_format(head: Header) -> str:
    """libavcodec's name of such planes, whatever colours they are; BitstreamError for none."""
    if head.bit_depth not in DEPTHS:
        raise BitstreamError(f"{head.bit_depth} bits a sample are not supported, only {DEPTHS}")
    name = CHROMA[head.chroma_format_idc]
    return name if head.bit_depth == 8 else f"{name}{head.bit_depth}le"


def _check(frame: Any, head: Header, expected: str) -> None:  # noqa: ANN401 - PyAV has no types
    """Raise BitstreamError unless the frame is whole and what was announced."""
    if frame.is_corrupt:
        raise BitstreamError("parts of the picture are missing")
    if (frame.height, frame.width, frame.format.name) != (head.height, head.width, expected):
        raise BitstreamError(
            f"a picture of {frame.width}x{frame.height} {frame.format.name} samples"
            f" where {head.width}x{head.height} {expected} were announced"
        )


def _views(frame: Any, kind: np.dtype[Any]) -> Iterator[Samples]:  # noqa: ANN401
    """The frame's planes as arrays over its own memory."""
    for plane in frame.planes:
        rows = np.frombuffer(plane, kind).reshape(plane.height, plane.line_size // kind.itemsize)
        yield rows[:, : plane.width]
