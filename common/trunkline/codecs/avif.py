"""`avif`: AV1 still pictures in HEIF's container, through libavif."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from trunkline.codecs import av1, isobmff
from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import decode_into, grey_as_colour
from trunkline.types import Samples

BRANDS = frozenset({b"avif"})
MONOCHROME = 0x10
"""The bit of av1C's third byte (AV1 in ISOBMFF, section 2.3.3)."""


@dataclass(frozen=True)
class Avif(PictureCodec):
    """AVIF; `quality` and `speed` (0 slow and small, 10 fast) as libavif has them. Colour is 4:4:4.

    A plane goes in as R = G = B and is coded as luma alone: given one plane, the library would
    ignore `quality` and code without loss.
    """

    id = "avif"
    lossy = True
    suffix = ".avif"
    media_type = "image/avif"

    quality: int = parameter(60, 0, 99)
    speed: int = parameter(8, 0, 10)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One AVIF file."""
        return bytes(
            imagecodecs.avif_encode(
                grey_as_colour(plane),
                level=self.quality,
                speed=self.speed,
                pixelformat="400" if plane.ndim == 2 else "444",
                numthreads=1,
            )
        )

    @classmethod
    def owns(cls, payload: bytes) -> bool:
        """By the container's brand."""
        return isobmff.has_brand(payload, BRANDS)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the container's boxes claim."""
        try:
            item = isobmff.read_item(payload, b"av01", b"av1C")
        except ValueError as error:
            raise corrupt(self.id, error, "an AVIF of one picture") from error
        plane = (item.height, item.width)
        return (plane if _is_grey(item) else (*plane, 3)), 8

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole file of exactly this shape; libavif would decode any size first."""
        try:
            item = isobmff.read_item(payload, b"av01", b"av1C")
            coded = av1.still_size(item.data)
        except ValueError as error:
            raise corrupt(self.id, error, f"an AVIF of {shape}") from error
        if not (item.height, item.width) == coded == shape[:2]:
            raise corrupt(self.id, f"{coded} samples in {item.height}x{item.width}", f"{shape}")
        return decode_into(self.id, imagecodecs.avif_decode, payload, shape, bits, numthreads=1)


def _is_grey(item: isobmff.Item) -> bool:
    """Whether the file's picture is luma alone."""
    return any(byte & MONOCHROME for byte in item.configuration[2:3])
