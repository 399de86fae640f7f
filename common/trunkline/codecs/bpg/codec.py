"""`bpg`: the method's own codec, Better Portable Graphics (specification 0.9.5) over HEVC."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trunkline.codecs.abc import PictureCodec, corrupt, parameter, sample_type
from trunkline.codecs.bpg import colour, container, encoders, header, hevc, x265
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.header import Header
from trunkline.errors import ParameterError
from trunkline.types import Samples


@dataclass(frozen=True)
class Bpg(PictureCodec):
    """BPG; complete .bpg files, grey or colour, 8, 10 or 12 bits a sample.

    `qp` is the quantiser of the coded intra picture, as in bpgenc; `lossless` ignores it. `effort`
    goes from 0 (fast) over 2 (x265's medium) to 3 (slower); from 1 on with rate-distortion
    optimised quantisation. Perceptual tools are off. Colour is RGB in 4:4:4, or, as `ycc420`, what
    the reference encoder makes of it by default: YCbCr (BT.601) with chroma halved both ways, which
    a mosaic in R alone survives badly.

    Sides of 1 to 4096 samples are written. Any colour file of the right size decodes, whatever
    chroma format and matrix it has, but for limited range, YCgCo, alpha and animations. A frame
    carries the complete file: what precedes the coded picture in it is 11 bytes of BPG's header
    and about as much of HEVC's, without which no other viewer would open it.
    """

    id = "bpg"
    lossy = True
    bits = (8, 10, 12)
    extra = "hevc"
    requires = ("av",)
    suffix = ".bpg"
    media_type = "image/bpg"
    magic = header.MAGIC

    qp: int = parameter(32, 0, 51)
    effort: int = parameter(2, 0, len(x265.EFFORTS) - 1)
    lossless: bool = parameter(False)
    ycc420: bool = parameter(False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lossless and self.ycc420:
            raise ParameterError("bpg: ycc420 loses colour: expected lossless or ycc420, not both")

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One .bpg file. Raises ParameterError for a picture beyond what it holds.

        BitstreamError, a ValueError, would mean an x265 build that ignores what it is told.
        """
        _check_picture(plane, bits)
        head = self._header(plane.shape, bits)
        settings = self._settings(head)
        margins = [(0, -size % settings.block) for size in (head.height, head.width)]
        padded = np.pad(plane, [*margins, (0, 0)][: plane.ndim], mode="edge")
        coded = replace(head, height=padded.shape[0], width=padded.shape[1])
        with encoders.encoder(settings, coded) as encoder:
            stream = encoder.encode(colour.to_planes(padded, coded))
        return container.write(head, stream)

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode once every header field agrees with `shape`; no library sees another payload."""
        try:
            still = container.read(payload)
            _check_header(still.header, shape, bits)
            planes = hevc.decode(still)
        except BitstreamError as error:
            raise corrupt(self.id, error, f"a BPG file of {shape}, {bits} bits") from error
        return colour.to_picture(planes, still.header)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims."""
        try:
            found = container.read(payload).header
        except BitstreamError as error:
            raise corrupt(self.id, error, "a BPG file") from error
        return _shape(found), found.bit_depth

    def _header(self, shape: tuple[int, ...], bits: int) -> Header:
        """The header of a picture of `shape`, (H, W) grey or (H, W, 3) RGB."""
        height, width = shape[:2]
        if len(shape) == 2:
            return Header(width, height, header.GREY, bits)
        if self.ycc420:
            return Header(width, height, header.YUV420, bits, header.YCBCR)
        return Header(width, height, header.YUV444, bits, header.RGB)

    def _settings(self, head: Header) -> x265.Settings:
        """What x265 is told for such a picture."""
        block = x265.min_block(self.effort, head.height, head.width)
        return x265.Settings(self.qp, self.effort, self.lossless, block)


def _shape(head: Header) -> tuple[int, ...]:
    """(H, W) of a grey file, (H, W, 3) of a coloured one."""
    plane = (head.height, head.width)
    return plane if head.pixel_format == header.GREY else (*plane, 3)


def _check_picture(plane: Samples, bits: int) -> None:
    """Raise ParameterError unless `plane` fits in a file."""
    if plane.ndim != 2 and plane.shape[2:] != (3,):
        raise ParameterError(f"bpg codes (H, W) or (H, W, 3) pictures, not {plane.shape}")
    if bits not in Bpg.bits or plane.dtype != np.dtype(sample_type(bits)):
        raise ParameterError(
            f"bpg codes 8 bits a sample in uint8, 10 or 12 in uint16, not {bits} in {plane.dtype}"
        )
    if not 1 <= min(plane.shape[:2]) <= max(plane.shape[:2]) <= x265.LONGEST_SIDE:
        raise ParameterError(
            f"bpg writes 1 to {x265.LONGEST_SIDE} samples a side, not {plane.shape[:2]}: use png"
        )
    if plane.max() >> bits:
        raise ParameterError(f"a sample of {plane.max()} has more than {bits} bits")


def _check_header(found: Header, shape: tuple[int, ...], bits: int) -> None:
    """Raise BitstreamError unless the file is the picture that the frame announced."""
    if found.bit_depth != bits or _shape(found) != shape:
        raise BitstreamError(f"the file's header says {found}")
    colour.check(found)
