"""`bpg`: the method's own codec, Better Portable Graphics (specification 0.9.5) over HEVC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.bpg import container, header, hevc, pyav, x265
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.header import Header
from trunkline.errors import ParameterError
from trunkline.types import Samples


@dataclass(frozen=True)
class Bpg(PictureCodec):
    """BPG; complete .bpg files, grey or RGB in 4:4:4 (`color_space` 1), 8 bits a sample.

    `qp` is the quantiser of the coded intra picture, as in bpgenc; `lossless` ignores it. `effort`
    is 0 (ultrafast), 1 (superfast), 2 (medium) or 3 (slower), after the x265 preset behind each;
    from 2 on with rate-distortion optimised quantisation. Perceptual tools are off.
    """

    id = "bpg"
    lossy = True
    extra = "hevc"
    requires = ("av",)
    suffix = ".bpg"
    media_type = "image/bpg"
    magic = header.MAGIC

    qp: int = parameter(32, 0, 51)
    effort: int = parameter(2, 0, len(x265.EFFORTS) - 1)
    lossless: bool = parameter(False)

    def encode(self, plane: Samples) -> bytes:
        """One .bpg file. Raises ParameterError for a picture beyond what it holds.

        BitstreamError, a ValueError, would mean an x265 build that ignores what it is told.
        """
        _check_picture(plane)
        height, width = plane.shape[:2]
        block = x265.min_block(self.effort, height, width)
        planes = _to_planes(plane)
        margins = [(0, 0), (0, -height % block), (0, -width % block)][-planes.ndim :]
        settings = x265.Settings(self.qp, self.effort, self.lossless)
        stream = pyav.encode(np.pad(planes, margins, mode="edge"), settings, block)
        return container.write(_header(plane.shape), stream)

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode once every header field agrees with `shape`; no library sees another payload."""
        try:
            still = container.read(payload)
            _check_header(still.header, shape, bits)
            planes = hevc.decode(still)
        except BitstreamError as error:
            raise corrupt(self.id, error, f"a BPG file of {shape}, {bits} bits") from error
        return _from_planes(planes[..., : shape[0], : shape[1]])

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims."""
        try:
            found = container.read(payload).header
        except BitstreamError as error:
            raise corrupt(self.id, error, "a BPG file") from error
        plane = (found.height, found.width)
        return (plane if found.pixel_format == header.GREY else (*plane, 3)), found.bit_depth


def _to_planes(picture: Samples) -> Samples:
    """(H, W) as it is; (H, W, 3) RGB to (3, H, W) in BPG's order, G, B, R."""
    return picture if picture.ndim == 2 else picture.transpose(2, 0, 1)[[1, 2, 0]]


def _from_planes(planes: Samples) -> Samples:
    """Undo `_to_planes`."""
    picture = planes if planes.ndim == 2 else planes[[2, 0, 1]].transpose(1, 2, 0)
    return np.ascontiguousarray(picture)


def _header(shape: tuple[int, ...]) -> Header:
    """The header of an 8-bit picture of `shape`, (H, W) grey or (H, W, 3) RGB."""
    height, width = shape[:2]
    if len(shape) == 2:
        return Header(width, height)
    return Header(width, height, header.YUV444, color_space=header.RGB)


def _check_picture(plane: Samples) -> None:
    """Raise ParameterError unless `plane` fits in a file."""
    if plane.ndim != 2 and plane.shape[2:] != (3,):
        raise ParameterError(f"bpg codes (H, W) or (H, W, 3) pictures, not {plane.shape}")
    if plane.dtype != np.uint8:
        raise ParameterError(f"bpg codes 8 bits a sample, not {plane.dtype}: quantise to 8 bits")
    if not 1 <= min(plane.shape[:2]) <= max(plane.shape[:2]) <= header.LONGEST_SIDE:
        raise ParameterError(
            f"bpg holds 1 to {header.LONGEST_SIDE} samples a side, not {plane.shape[:2]}: use png"
        )


def _check_header(found: Header, shape: tuple[int, ...], bits: int) -> None:
    """Raise BitstreamError unless the file is the picture that the frame announced."""
    if bits != 8 or found != _header(shape):
        raise BitstreamError(f"the file's header says {found}")
