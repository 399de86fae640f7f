"""`jpeg`: baseline JPEG (ITU-T T.81) through libjpeg-turbo; the codec every paper starts from."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import imagecodecs

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import claimed_shape, decode_into
from trunkline.types import Samples

END = b"\xff\xd9"
BASELINE, SCAN = b"\xc0", b"\xda"
SCANNED = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker that ends a scan: no stuffed byte, restart or fill (T.81, B.1.1)."""
FRAME = struct.Struct(">BHHB")
"""The beginning of a frame header (B.2.2) behind its length."""
MOST_SEGMENTS = 64


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
        """Decode a whole file of one baseline scan.

        libjpeg would fill up what is missing with grey, and go over the picture once for each of
        any number of scans. Its memory is lost where the picture then does not fit.
        """
        if _baseline_shape(payload) != shape or not payload.endswith(END):
            raise corrupt(self.id, "another size or kind, or no end", f"a baseline JPEG of {shape}")
        return decode_into(self.id, imagecodecs.jpeg8_decode, payload, shape, bits)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the file's header claims."""
        return claimed_shape(self.id, payload, "JPEG")


def _baseline_shape(payload: bytes) -> tuple[int, ...] | None:
    """(H, W) or (H, W, 3) of a file of one baseline scan; None for any other."""
    shape: tuple[int, ...] | None = None
    at = 2
    for _ in range(MOST_SEGMENTS):
        kind, length = payload[at + 1 : at + 2], int.from_bytes(payload[at + 2 : at + 4], "big")
        if payload[at : at + 1] != b"\xff" or length < 2:
            return None
        if kind == SCAN:
            is_last = SCANNED.search(payload, at + 2 + length, len(payload) - 2) is None
            return shape if is_last else None
        if kind == BASELINE and shape is None and len(payload) > at + 4 + FRAME.size:
            depth, height, width, colours = FRAME.unpack_from(payload, at + 4)
            shape = {(8, 1): (height, width), (8, 3): (height, width, 3)}.get((depth, colours))
        elif b"\xc0" <= kind <= b"\xcf" and kind != b"\xc4":
            return None
        at += 2 + length
    return None
