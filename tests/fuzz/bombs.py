"""Small payloads built to cost much: memory, time or depth far beyond the picture's size.

Each is what someone who knows the format would send. `rng` chooses how hard it tries.
"""

from __future__ import annotations

import dataclasses
import io
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.fuzz import bpg_file, formats
from tests.fuzz.bytes_mutations import LONGEST
from tests.fuzz.formats import FORMATS, Part, join_boxes
from trunkline.codecs.bpg.bits import BitReader, BitWriter

MEGABYTES = 8
"""What one bomb of text unpacks to; libpng's own limit a chunk."""
_ZEROS = zlib.compress(bytes(MEGABYTES << 20), 9)


def bomb(codec: str, data: bytes, rng: random.Random) -> bytes:
    """A bomb made of a sound file of `codec`.

    Raises ValueError for a file that does not come apart.
    """
    return rng.choice(BOMBS.get(codec, (_repeated,)))(codec, data, rng)[:LONGEST]


def _repeated(_: str, data: bytes, rng: random.Random) -> bytes:
    """The file over and over, or its end."""
    tail = data[-rng.randint(1, max(len(data), 1)) :]
    return data + tail * min(rng.randint(1, 2000), LONGEST // max(len(tail), 1))


def _many_parts(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Tens of thousands of small parts between the first and the second."""
    form = FORMATS[codec]
    parts = form.split(data)
    kinds = {"png": (b"tEXt", b"IDAT"), "webp": (b"EXIF", b"ANMF"), "jpeg": (b"\xfe", b"\xdb")}
    kind = rng.choice(kinds.get(codec, (b"free", b"meta")))
    parts[1:1] = [(kind, b"a\0b"[: rng.randint(0, 3)])] * rng.choice((1000, 30_000))
    return form.join(parts)


def _png_text(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Compressed text or profiles, eight megabytes each."""
    parts = formats.split_png(data)
    kind, head = rng.choice(((b"zTXt", b"x\0\0"), (b"iCCP", b"x\0\0"), (b"iTXt", b"x\0\1\0\0\0")))
    parts[1:1] = [(kind, head + _ZEROS)] * rng.choice((1, 10, 110))
    return formats.join_png(parts)


def _png_pixels(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Pixels that unpack to far more than the picture holds."""
    parts = [(k, _ZEROS if k == b"IDAT" else body) for k, body in formats.split_png(data)]
    return formats.join_png(parts)


def _jpeg_scans(codec: str, data: bytes, rng: random.Random) -> bytes:
    """A progressive picture whose last scan comes again and again."""
    sizes = [body[1:5] for kind, body in formats.split_jpeg(data) if kind == b"\xc0"]
    height, width = struct.unpack(">HH", sizes[0])
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "JPEG", progressive=True)
    parts = formats.split_jpeg(file.getvalue())
    again = parts[-2:]
    return formats.join_jpeg(parts + again * rng.choice((20, 1000, 20_000)))


def _jpeg_giant(codec: str, data: bytes, rng: random.Random) -> bytes:
    """A header of 65500 x 65500 samples, progressive or not: the decoder keeps them all, or not."""
    frame = rng.choice((b"\xc0", b"\xc2"))
    size = struct.pack(">HH", 65500, 65500)
    parts = [
        (frame, body[:1] + size + body[5:]) if kind == b"\xc0" else (kind, body)
        for kind, body in formats.split_jpeg(data)
    ]
    return formats.join_jpeg(parts)


def _jpeg2000_style(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Many layers, deep levels, precincts of one sample (T.800, A.6.1)."""
    return formats.join_j2k([_style(part, rng) for part in formats.split_j2k(data)])


def _style(part: Part, rng: random.Random) -> Part:
    kind, body = part
    if kind != b"\x52":
        return part
    layers = struct.pack(">H", rng.choice((1, 100, 65535)))
    levels = rng.choice((body[5], 0, 5, 32))
    small = rng.random() < 0.6
    precincts = bytes([rng.choice((0x00, 0x11, 0x0F))]) * (levels + 1) if small else b""
    order = bytes([rng.randrange(5)])
    head = bytes([body[0] | small]) + order + layers + body[4:5] + bytes([levels])
    return kind, head + body[6:10] + precincts


def _jpeg2000_tile_parts(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Tens of thousands of empty tile-parts."""
    parts = formats.split_j2k(data)
    at = [kind for kind, _ in parts].index(b"\x90")
    empty = [(b"\x90", bytes(8)), (b"\x93", b"")]
    parts[at:at] = empty * rng.choice((255, 30_000))
    return formats.join_j2k(parts)


def _webp_frames(codec: str, data: bytes, rng: random.Random) -> bytes:
    """An animation of many frames."""
    parts = formats.split_riff(data)
    kind, body = parts[0]
    width, height = struct.unpack("<HH", body[6:10]) if kind == b"VP8 " else (28, 14)
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = bytes(6) + size + bytes(4) + formats.join_riff(parts)[12:]
    animated = [(b"VP8X", b"\2\0\0\0" + size), (b"ANIM", bytes(6))]
    return formats.join_riff(animated + [(b"ANMF", frame)] * rng.choice((2, 1000)))


def _deep_boxes(codec: str, data: bytes, rng: random.Random) -> bytes:
    """Boxes in boxes in boxes."""
    inner = rng.choice((b"", b"\0\0\0\x08free"))
    kind = rng.choice((b"iprp", b"moov", b"dinf"))
    for _ in range(rng.choice((10, 1000, 5000))):
        inner = join_boxes([(kind, inner)])
    parts = formats.split_boxes(data)
    parts.insert(rng.randint(0, len(parts)), (b"iprp", inner))
    return formats.follow_data(data, join_boxes(parts))


def _jxl_boxes(codec: str, data: bytes, rng: random.Random) -> bytes:
    """The codestream in a container, in pieces, between boxes that unpack or are none."""
    start = join_boxes([(b"JXL ", b"\r\n\x87\n"), (b"ftyp", b"jxl \0\0\0\0jxl ")])
    step = max(len(data) // rng.choice((1, 3, 50)), 1)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    last = len(pieces) - 1
    boxes = [
        (b"jxlp", struct.pack(">I", number | (number == last) << 31) + piece)
        for number, piece in enumerate(pieces)
    ]
    junk = (rng.choice((b"Exif", b"xml ", b"brob", b"jbrd", b"jxll", b"jxlc")), rng.randbytes(20))
    boxes[rng.randint(0, last) : 0] = [junk] * rng.choice((0, 1, 20_000))
    return start + join_boxes(boxes)


def _jxl_frames(codec: str, data: bytes, rng: random.Random) -> bytes:
    """An animation of the picture's size with many frames."""
    import imagecodecs

    count = rng.choice((2, 50))
    still = np.zeros((count, 14, 28, 1), np.uint8)
    return bytes(imagecodecs.jpegxl_encode(still, lossless=True, effort=1, numthreads=1))


def _bpg_slices(codec: str, data: bytes, rng: random.Random) -> bytes:
    """The picture's slice over and over, each from the second block on (H.265, 7.3.6.1)."""
    file = bpg_file.parse(data)
    sizes = {name: value for name, _, value in file.tools}
    side = 1 << (3 + sizes["min_block"] + sizes["diff_block"])
    blocks = -(-file.width // side) * -(-file.height // side)
    plain = bpg_file.unescape(file.units[-1])
    reader, writer = BitReader(plain[2:]), BitWriter()
    reader.u(1)
    writer.u(0, 1)  # not the first slice
    writer.u(reader.u(2), 2)  # no_output_of_prior_pics, and a PPS id of 0
    writer.u(1, (blocks - 1).bit_length())
    writer.u(reader.u(8 * len(plain) - 19), 8 * len(plain) - 19)
    again = bpg_file.escape(plain[:2] + writer.padded())[: rng.choice((30, 1 << 20))]
    copies = (again,) * min(rng.choice((1, blocks - 1, blocks)), LONGEST // len(again))
    return dataclasses.replace(file, units=(*file.units, *copies), open_ended=True).write()


Bomb = Callable[[str, bytes, random.Random], bytes]
BOMBS: dict[str, tuple[Bomb, ...]] = {
    "avif": (_repeated, _many_parts, _deep_boxes),
    "bpg": (_repeated, _bpg_slices, _bpg_slices),
    "heif": (_repeated, _many_parts, _deep_boxes),
    "jpeg": (_repeated, _many_parts, _jpeg_scans, _jpeg_giant),
    "jpeg2000": (_repeated, _jpeg2000_style, _jpeg2000_style, _jpeg2000_tile_parts),
    "jpegxl": (_repeated, _jxl_boxes, _jxl_frames),
    "png": (_repeated, _many_parts, _png_text, _png_pixels),
    "webp": (_repeated, _many_parts, _webp_frames),
}
