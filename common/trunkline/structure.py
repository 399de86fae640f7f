"""What a picture file's structure promises, checked before any decoder sees the file.

A few bytes can ask for minutes or gigabytes: scans over scans, millions of empty segments, tiles
larger than their picture. The walks here touch each segment once and stop at the first bound that
is crossed; damage they do not understand is left to the decoders, which say more about it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from trunkline.errors import CorruptImageError, ImageTooLargeError, UnsupportedImageError
from trunkline.png_chunks import chunks
from trunkline.tags import check_tags, read_tags

MAX_SCANS = 24  # of a JPEG; libjpeg writes 10, 18 for CMYK, and each costs a pass over all pixels
MAX_SEGMENTS = 1000  # of a JPEG: enough for 64 MB of profiles
MAX_FILL = 10_000  # bytes of JPEG padding between segments
MAX_CHUNKS = 50_000  # of a PNG: as many as hold 400 MB in the usual 8 KiB
MAX_BLOCKS = 10_000  # of a GIF's extensions before its first picture: 2.5 MB of comments

_SOI, _EOI, _SOS, _APP1, _TEM = 0xD8, 0xD9, 0xDA, 0xE1, 0x01
_BARE = frozenset({_TEM, _SOI, *range(0xD0, 0xD8)})  # markers without a length (T.81, B.1.1.3)
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # no stuffed byte, restart or fill
_FILL = b"\xff" * (MAX_FILL + 1)
_EXIF = b"Exif\0\0"
_BMP_RLE = (1, 2)
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_SAMPLES = 256, 257, 258, 277
_TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT = 322, 323


def check(name: str, data: bytes, max_pixels: int) -> None:
    """Refuse a file of format `name`, one of `images.FORMATS`, whose structure is out of bounds.

    Raises CorruptImageError (more parts than any honest file has; a PNG without its end),
    ImageTooLargeError (a TIFF's tiles), UnsupportedImageError (a compressed BMP).
    """
    walk = _CHECKS.get(name)
    if walk is not None:
        walk(data, max_pixels)


def _check_jpeg(data: bytes, _: int) -> None:
    """ITU-T T.81, annex B. Exif in several segments is one to Pillow, so it is one here."""
    scans = 0
    exif: list[bytes] = []
    for count, (marker, body) in enumerate(_jpeg_segments(data), 1):
        if count > MAX_SEGMENTS:
            raise _too_many("JPEG", "segments", MAX_SEGMENTS)
        scans += marker == _SOS
        if scans > MAX_SCANS:
            raise _too_many("JPEG", "scans", MAX_SCANS)
        if marker == _APP1 and body.startswith(_EXIF):
            exif.append(body[len(_EXIF) :])
    check_tags("JPEG", b"".join(exif))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of every segment up to the end of the picture."""
    at, fill, scanned = 2, 0, False
    while True:
        if scanned:
            found = _AFTER_SCAN.search(data, at)
            end = found.start() if found else len(data)
            if data.find(_FILL, at, end) >= 0:
                raise _too_many("JPEG", "bytes of padding", MAX_FILL)
            at = end
        if at + 2 > len(data) or data[at] != 0xFF or data[at + 1] == _EOI:
            return
        marker = data[at + 1]
        if marker in (0x00, 0xFF):
            fill += 1
            if fill > MAX_FILL:
                raise _too_many("JPEG", "bytes of padding", MAX_FILL)
            at += 1 if marker else 2
            continue
        length = 0 if marker in _BARE else int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
        scanned = scanned or marker == _SOS


def _check_png(data: bytes, _: int) -> None:
    """Not too many chunks, one profile, and IEND comes last."""
    profiles = 0
    for count, (kind, _, _) in enumerate(chunks(data)):
        if count == MAX_CHUNKS:
            raise _too_many("PNG", "chunks", MAX_CHUNKS)
        profiles += kind == b"iCCP"  # each one may unpack to a megabyte
        if profiles > 1:
            raise _too_many("PNG", "colour profiles", 1)
        if kind == b"IEND":
            return
    raise CorruptImageError(
        "PNG picture cannot be decoded: it is truncated; expected a whole, undamaged file"
    )


def _check_gif(data: bytes, _: int) -> None:
    """GIF89a, sections 18 to 26: what stands before the first image descriptor."""
    at = 13 + _colours(data[10:11])
    blocks = 0
    while at < len(data) and data[at] not in b",;":
        is_extension = data[at] == 0x21
        at += 2 if is_extension else 1  # Pillow passes over stray bytes one by one
        blocks += 1
        while is_extension and at < len(data) and data[at] and blocks <= MAX_BLOCKS:
            at += 1 + data[at]
            blocks += 1
        at += is_extension
        if blocks > MAX_BLOCKS:
            raise _too_many("GIF", "blocks before its picture", MAX_BLOCKS)


def _colours(flags: bytes) -> int:
    """Bytes of the global colour table."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _check_bmp(data: bytes, _: int) -> None:
    """Pillow undoes run lengths byte by byte in Python: half a minute for a large picture."""
    header, compression = struct.unpack("<I12xI", data[14:34].ljust(20, b"\0"))
    if header >= 40 and compression in _BMP_RLE:
        raise UnsupportedImageError("RLE-compressed BMP: save it uncompressed")


def _check_tiff(data: bytes, max_pixels: int) -> None:
    """TIFF 6.0, section 15: libtiff makes room for a whole tile, however small the picture."""
    check_tags("TIFF", data)
    tags = read_tags(data)
    width, height, tile_width, tile_height, samples = (
        max(tags.get(tag, [0]), default=0)
        for tag in (_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT, _TIFF_SAMPLES)
    )
    pixel_bytes = -(-max(tags.get(_TIFF_BITS, [1]), default=1) * max(samples, 1) // 8)
    # tiles have multiples of 16 pixels a side: a picture in one tile has a little more than itself
    padded = (width + 15) * (height + 15)
    if tile_width * tile_height * pixel_bytes > max(max_pixels, padded * pixel_bytes):
        raise ImageTooLargeError(
            f"TIFF has tiles of {tile_width} x {tile_height} pixels: at most the picture's own "
            f"size or {max_pixels} bytes are allowed"
        )


def _too_many(name: str, parts: str, limit: int) -> CorruptImageError:
    return CorruptImageError(
        f"{name} picture cannot be decoded: it has more than {limit} {parts}; save it anew"
    )


_CHECKS: dict[str, Callable[[bytes, int], None]] = {
    "JPEG": _check_jpeg,
    "PNG": _check_png,
    "GIF": _check_gif,
    "BMP": _check_bmp,
    "TIFF": _check_tiff,
}
