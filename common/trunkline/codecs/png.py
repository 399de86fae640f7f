"""`png`: lossless, 8 and 16 bits (ISO/IEC 15948), through libpng."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import islice

import imagecodecs

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import decode_into
from trunkline.png_chunks import chunks
from trunkline.types import Samples

HEADER_BYTES = 26
"""Magic and the beginning of IHDR, up to its colour type."""
MOST_CHUNKS = 10_000
"""libpng writes 8 KiB in each: more than any frame's picture fills."""
GREY, RGB = 0, 2
CRITICAL = (b"IHDR", b"IDAT", b"IEND")


@dataclass(frozen=True)
class Png(PictureCodec):
    """PNG; `level` is zlib's, from 0 (stored) to 9 (smallest)."""

    id = "png"
    lossy = False
    bits = (8, 16)
    suffix = ".png"
    media_type = "image/png"
    magic = b"\x89PNG\r\n\x1a\n"

    level: int = parameter(6, 0, 9)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One PNG file, greyscale or RGB as the plane is."""
        return bytes(imagecodecs.png_encode(plane, level=self.level))

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole file of exactly this shape and depth."""
        if self.probe(payload) != (shape, bits):
            raise corrupt(self.id, self.probe(payload), f"a PNG of {shape}, {bits} bits")
        pixels = self._pixels(payload)
        return decode_into(self.id, imagecodecs.png_decode, pixels, shape, bits)

    def _pixels(self, payload: bytes) -> bytes:
        """The file without the chunks that hold no pixels.

        Texts and colour profiles may unpack to megabytes each, and libpng unpacks them all.
        """
        kept = [self.magic]
        for kind, start, end in islice(chunks(payload), MOST_CHUNKS):
            if kind in CRITICAL:
                kept.append(payload[start - 8 : end + 4])
            if kind == b"IEND" and end + 4 == len(payload):
                return b"".join(kept)
        raise corrupt(self.id, "its end is missing, or too many chunks", "a whole PNG file")

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header, the chunk IHDR, claims."""
        header = payload[len(self.magic) : HEADER_BYTES]
        if len(payload) < HEADER_BYTES or header[4:8] != b"IHDR":
            raise corrupt(self.id, "it has no header", "a PNG file")
        width, height, bits, colour = struct.unpack(">IIBB", header[8:])
        if colour not in (GREY, RGB) or bits not in self.bits:
            raise corrupt(
                self.id, f"colour type {colour}, {bits} bits", "grey or RGB, 8 or 16 bits"
            )
        return ((height, width) if colour == GREY else (height, width, 3)), bits
