"""`webp`: lossy (VP8) and lossless (VP8L) WebP through libwebp."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs
import numpy as np

from trunkline.codecs.abc import PictureCodec, parameter
from trunkline.codecs.library import claimed_shape, decode_into, grey_as_colour
from trunkline.errors import ParameterError
from trunkline.types import Samples

LONGEST_SIDE = 16383
"""Pixels; WebP's own limit."""


@dataclass(frozen=True)
class Webp(PictureCodec):
    """WebP; `quality` as libwebp has it (it is the effort where `lossless`), `method` its effort.

    WebP knows no grey pictures: a plane is coded as R = G = B, whose chroma costs next to nothing.
    """

    id = "webp"
    lossy = True
    suffix = ".webp"
    media_type = "image/webp"
    magic = b"RIFF"

    quality: int = parameter(80, 0, 100)
    method: int = parameter(4, 0, 6)
    lossless: bool = parameter(False)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One WebP file. Raises ParameterError for a side beyond WebP's limit."""
        if max(plane.shape[:2]) > LONGEST_SIDE:
            raise ParameterError(
                f"webp holds at most {LONGEST_SIDE} pixels a side, not {plane.shape[:2]}: use png"
            )
        return bytes(
            imagecodecs.webp_encode(
                grey_as_colour(plane),
                level=self.quality,
                lossless=self.lossless,
                method=self.method,
            )
        )

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode; of a grey plane's three channels the middle one, which lies nearest to luma."""
        colour = (*shape[:2], 3)
        picture = decode_into(
            self.id, imagecodecs.webp_decode, payload, colour, bits, hasalpha=False
        )
        return picture if len(shape) == 3 else np.ascontiguousarray(picture[..., 1])

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims; always colour, as WebP knows nothing else."""
        return claimed_shape(self.id, payload, "WebP")
