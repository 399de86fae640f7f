"""`jpegxl`: JPEG XL (ISO/IEC 18181) through libjxl, 8 and 16 bits."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from trunkline.codecs.abc import PictureCodec, parameter
from trunkline.codecs.library import decode_into
from trunkline.types import Samples


@dataclass(frozen=True)
class JpegXl(PictureCodec):
    """JPEG XL; `distance` is libjxl's (1.0 is meant to look like the original), `effort` too."""

    id = "jpegxl"
    lossy = True
    bits = (8, 16)
    suffix = ".jxl"
    media_type = "image/jxl"

    distance: float = parameter(2.0, 0.01, 25.0)
    effort: int = parameter(3, 1, 9)
    lossless: bool = parameter(False)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One codestream without a container."""
        return bytes(
            imagecodecs.jpegxl_encode(
                plane,
                distance=0.0 if self.lossless else self.distance,
                lossless=self.lossless,
                effort=self.effort,
                usecontainer=False,
                numthreads=1,
            )
        )

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole codestream of exactly this shape and depth."""
        return decode_into(self.id, imagecodecs.jpegxl_decode, payload, shape, bits, numthreads=1)
