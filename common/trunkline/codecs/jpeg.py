"""`jpeg`: baseline JPEG (ITU-T T.81) through libjpeg-turbo; the codec every paper starts from."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import claimed_shape, decode_into
from trunkline.types import Samples

END = b"\xff\xd9"


@dataclass(frozen=True)
class Jpeg(PictureCodec):
    """JPEG; `quality` as libjpeg has it. Colour is 4:4:4: halved chroma would blur the R plane."""

    id = "jpeg"
    lossy = True
    suffix = ".jpg"
    media_type = "image/jpeg"
    magic = b"\xff\xd8\xff"

    quality: int = parameter(75, 1, 100)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One JPEG file with Huffman tables of its own."""
        subsampling = None if plane.ndim == 2 else "444"
        return bytes(
            imagecodecs.jpeg8_encode(
                plane, level=self.quality, optimize=True, subsampling=subsampling
            )
        )

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole file; libjpeg would fill up what is missing with grey."""
        if not payload.endswith(END):
            raise corrupt(self.id, "its end is missing", f"a JPEG of {shape}")
        return decode_into(self.id, imagecodecs.jpeg8_decode, payload, shape, bits)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims."""
        return claimed_shape(self.id, payload, "JPEG")
