"""Whether a PNG has all its rows: Pillow leaves those black that a file ends without."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from trunkline.errors import CorruptImageError
from trunkline.png_chunks import chunks

SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples a pixel by colour type (PNG specification, table 11.1)."""
WHOLE = ((0, 0, 1, 1),)
ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip
"""First column and row, and the steps between columns and rows, of each pass (section 8.2)."""
PIECE = 1 << 18


def check(data: bytes, image: Image.Image) -> None:
    """Raise CorruptImageError where rows of the PNG `data`, decoded to `image`, are missing.

    The pixels are unpacked once more, without keeping them, where the last row is black: rows that
    came are seldom so.
    """
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if not interlaced and image.crop((0, height - 1, width, height)).getbbox() is not None:
        return
    passes = ADAM7 if interlaced else WHOLE
    expected = sum(_bytes(width, height, bits * SAMPLES[colour], *step) for step in passes)
    if _unpacked(data, expected) < expected:
        raise CorruptImageError(
            "PNG picture cannot be decoded: rows are missing; expected a whole, undamaged file"
        )


def _bytes(width: int, height: int, bits: int, x: int, y: int, dx: int, dy: int) -> int:
    """Bytes of a pass: each row has one for its filter; a pass without columns has no rows."""
    columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
    return rows * (1 + -(-columns * bits // 8)) if columns > 0 and rows > 0 else 0


def _unpacked(data: bytes, enough: int) -> int:
    """How many bytes the pixels' stream unpacks to, or `enough` where there are no fewer."""
    inflate, count = zlib.decompressobj(), 0
    pixels = (data[start:end] for kind, start, end in chunks(data) if kind == b"IDAT")
    for piece in pixels:
        while piece and count < enough and not inflate.eof:
            count += len(inflate.decompress(piece, PIECE))
            piece = inflate.unconsumed_tail
    return count
