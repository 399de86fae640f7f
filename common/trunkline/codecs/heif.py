"""`heif`: HEVC still pictures in HEIF's container (ISO/IEC 23008-12), through libheif and x265."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from trunkline.codecs import hvc1, isobmff
from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.types import Samples

MODES = {2: "L", 3: "RGB"}
# what x265 does for eyes spoils features
ENCODER = {"preset": "medium", "tune": "psnr", "x265:psy-rd": "0", "x265:aq-mode": "0"}

BRANDS = frozenset({b"heic", b"heix", b"mif1"})
CHROMA_AT, CHROMA = 16, 0x03
"""The byte of hvcC that holds chroma_format_idc, and its bits (ISO/IEC 14496-15, 8.3.3)."""
PADDED = 64
"""libheif pads a side to at least so many samples, x265 to less."""


@dataclass(frozen=True)
class Heif(PictureCodec):
    """HEIC files; `quality` as libheif has it. Colour is 4:4:4. `bpg` is the same without 300 bytes
    of container."""

    id = "heif"
    lossy = True
    extra = "hevc"
    requires = ("pillow_heif",)
    suffix = ".heic"
    media_type = "image/heic"

    quality: int = parameter(50, 0, 100)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One HEIC file."""
        import pillow_heif

        height, width = plane.shape[:2]
        picture = pillow_heif.from_bytes(MODES[plane.ndim], (width, height), plane.tobytes())
        buffer = io.BytesIO()
        picture.save(buffer, quality=self.quality, chroma=444, enc_params=ENCODER)
        return buffer.getvalue()

    @classmethod
    def owns(cls, payload: bytes) -> bool:
        """By the container's brand."""
        return isobmff.has_brand(payload, BRANDS)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the container's boxes claim."""
        try:
            item = isobmff.read_item(payload, b"hvc1", b"hvcC")
        except ValueError as error:
            raise corrupt(self.id, error, "a HEIC of one picture") from error
        plane = (item.height, item.width)
        is_colour = any(byte & CHROMA for byte in item.configuration[CHROMA_AT : CHROMA_AT + 1])
        return ((*plane, 3) if is_colour else plane), 8

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode; size and colours are compared before any pixel is decoded."""
        import pillow_heif

        expected = f"a HEIC of {shape}"
        try:
            item = isobmff.read_item(payload, b"hvc1", b"hvcC")
            coded = hvc1.coded_size(item.configuration, item.data)
            if any(
                side > -(-own // PADDED) * PADDED
                for side, own in zip(coded, shape[:2], strict=True)
            ):
                raise corrupt(self.id, f"{coded} coded samples", expected)
            picture = pillow_heif.open_heif(payload)
            if picture.size != (shape[1], shape[0]) or picture.mode != MODES[len(shape)]:
                raise corrupt(self.id, f"{picture.size}, {picture.mode}", expected)
            return np.array(picture)
        except (OSError, RuntimeError, ValueError, EOFError, SyntaxError, IndexError) as error:
            raise corrupt(self.id, error, expected) from error
