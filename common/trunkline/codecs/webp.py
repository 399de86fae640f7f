"""`webp`: lossy (VP8) and lossless (VP8L) WebP through libwebp."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import imagecodecs
import numpy as np
from PIL import Image

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
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

    def encode(self, plane: Samples) -> bytes:
        """One WebP file. Raises ParameterError for a side beyond WebP's limit."""
        if max(plane.shape[:2]) > LONGEST_SIDE:
            raise ParameterError(
                f"webp holds at most {LONGEST_SIDE} pixels a side, not {plane.shape[:2]}: use png"
            )
        picture = plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2)
        return bytes(
            imagecodecs.webp_encode(
                picture, level=self.quality, lossless=self.lossless, method=self.method
            )
        )

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode into an array made beforehand, so that a false header allocates nothing."""
        picture = np.empty((*shape[:2], 3), np.uint8)
        try:
            imagecodecs.webp_decode(payload, hasalpha=False, out=picture)
        except (imagecodecs.WebpError, ValueError, TypeError, RuntimeError) as error:
            raise corrupt(self.id, error, f"a WebP of {shape}") from error
        return picture if len(shape) == 3 else np.ascontiguousarray(picture[..., 1])

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims."""
        try:
            with Image.open(BytesIO(payload), formats=["WebP"]) as image:
                return (image.height, image.width, 3), 8
        except (OSError, ValueError, SyntaxError) as error:
            raise corrupt(self.id, error, "a WebP file") from error
