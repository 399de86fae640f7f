"""Picture files as lists of parts, put together again with lengths and checksums that are right.

What is changed inside a part so reaches the code that reads it, not only the check before it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Part = tuple[bytes, bytes]
"""A part's type and content; the type is empty for bytes that stand between the parts."""

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
BOXES = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4}
"""Boxes that hold boxes, and the bytes before the first of them."""


@dataclass(frozen=True)
class Format:
    """How a file comes apart and together. `split` raises ValueError for a file it cannot part."""

    split: Callable[[bytes], list[Part]]
    join: Callable[[list[Part]], bytes]
    mend: Callable[[bytes, bytes], bytes] | None = None
    """What else the file after a change needs of the file before it."""


def split_png(data: bytes) -> list[Part]:
    """Chunks without length and checksum."""
    parts, at = [], len(PNG_MAGIC)
    while at < len(data):
        (length,) = struct.unpack(">I", _take(data, at, 4))
        parts.append((_take(data, at + 4, 4), _take(data, at + 8, length)))
        at += 12 + length
    return parts


def join_png(parts: list[Part]) -> bytes:
    """A PNG of these chunks."""
    return PNG_MAGIC + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def split_riff(data: bytes) -> list[Part]:
    """The chunks inside RIFF's one."""
    parts, at = [], 12
    while at < len(data):
        (length,) = struct.unpack("<I", _take(data, at + 4, 4))
        parts.append((_take(data, at, 4), _take(data, at + 8, length)))
        at += 8 + length + length % 2
    return parts


def join_riff(parts: list[Part]) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def split_boxes(data: bytes) -> list[Part]:
    """The boxes of one level; 64-bit and open-ended ones are not parted."""
    parts, at = [], 0
    while at < len(data):
        (length,) = struct.unpack(">I", _take(data, at, 4))
        if length < 8:
            raise ValueError(f"box of {length} bytes")
        parts.append((_take(data, at + 4, 4), _take(data, at + 8, length - 8)))
        at += length
    return parts


def join_boxes(parts: list[Part]) -> bytes:
    """The boxes of one level."""
    return b"".join(struct.pack(">I", 8 + len(body)) + kind + body for kind, body in parts)


def follow_data(before: bytes, after: bytes) -> bytes:
    """`after` with the place of `mdat`'s content that `iloc` names moved along with it."""
    old, new = before.find(b"mdat") + 4, after.find(b"mdat") + 4
    at = after.find(b"iloc")
    if at < 0 or old == new or old < 4 or new < 4:
        return after
    place = after.find(struct.pack(">I", old), at, at + 64)
    return after if place < 0 else after[:place] + struct.pack(">I", new) + after[place + 4 :]


def split_jpeg(data: bytes) -> list[Part]:
    """Segments between SOI and EOI; a scan's coded bytes are a part without a type."""
    return [*_segments(data, 2, scan=b"\xda", end=b"\xd9")]


def join_jpeg(parts: list[Part]) -> bytes:
    """A JPEG of these segments."""
    return b"\xff\xd8" + b"".join(map(_segment, parts)) + b"\xff\xd9"


def split_j2k(data: bytes) -> list[Part]:
    """Marker segments between SOC and EOC; a tile's coded bytes are a part without a type."""
    return [*_segments(data, 2, scan=b"\x93", end=b"\xd9")]


def join_j2k(parts: list[Part]) -> bytes:
    """A codestream of these segments; SOT (T.800, A.4.2) says how long its tile-part is."""
    pieces: list[bytes] = []
    tail = b""
    for kind, body in reversed(parts):
        if kind == b"\x90" and len(body) == 8:
            length = 12 + len(tail)
            body = body[:2] + struct.pack(">I", length) + body[6:]
            pieces.append(_segment((kind, body)) + tail)
            tail = b""
        else:
            tail = _segment((kind, body)) + tail
    return b"\xff\x4f" + tail + b"".join(reversed(pieces)) + b"\xff\xd9"


def _segments(data: bytes, at: int, scan: bytes, end: bytes) -> Iterator[Part]:
    """JPEG's segments, and JPEG 2000's: SOD (0x93) has no length, nor has what follows a scan."""
    while True:
        mark, kind = _take(data, at, 2)[:1], data[at + 1 : at + 2]
        if mark != b"\xff":
            raise ValueError("no marker")
        if kind == end:
            return
        at += 2
        if kind == b"\x93":
            body = b""
        else:
            (length,) = struct.unpack(">H", _take(data, at, 2))
            body = _take(data, at + 2, length - 2)
            at += length
        yield kind, body
        if kind == scan:
            stop = _scan_end(data, at, end)
            yield b"", data[at:stop]
            at = stop


def _scan_end(data: bytes, at: int, end: bytes) -> int:
    """Where coded bytes end: at JPEG's next marker, at the end or the next SOT of JPEG 2000."""
    stop = len(data) - 2
    for kind in range(0xC0, 0xFF) if end == b"\xd9" and data[:2] == b"\xff\xd8" else (0x90,):
        if not 0xD0 <= kind <= 0xD7:
            found = data.find(bytes([0xFF, kind]), at, stop)
            stop = found if found >= 0 else stop
    return stop


def _segment(part: Part) -> bytes:
    kind, body = part
    if not kind:
        return body
    if kind == b"\x93":
        return b"\xff\x93" + body
    return b"\xff" + kind + struct.pack(">H", (len(body) + 2) % (1 << 16)) + body


def _take(data: bytes, at: int, length: int) -> bytes:
    taken = data[at : at + length]
    if length < 0 or len(taken) < length:
        raise ValueError(f"{length} bytes at {at} of {len(data)}")
    return taken


_BOXED = Format(split_boxes, join_boxes, follow_data)
FORMATS: dict[str, Format] = {
    "avif": _BOXED,
    "heif": _BOXED,
    "jpeg": Format(split_jpeg, join_jpeg),
    "jpeg2000": Format(split_j2k, join_j2k),
    "png": Format(split_png, join_png),
    "webp": Format(split_riff, join_riff),
}
