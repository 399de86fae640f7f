"""`avif`: AV1 still pictures in HEIF's container, through libavif."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from trunkline.codecs.abc import PictureCodec, parameter
from trunkline.codecs.library import decode_into, grey_as_colour
from trunkline.types import Samples


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

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole file of exactly this shape."""
        return decode_into(self.id, imagecodecs.avif_decode, payload, shape, bits, numthreads=1)
