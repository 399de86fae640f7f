"""The first directory of tags in TIFF and Exif data, read without believing what it claims."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from trunkline.errors import CorruptImageError

MAX_TAGS = 4096
MOST_VALUES = 16  # of a tag: what is asked for here has one a colour at most

_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES |= {16: 8, 17: 8, 18: 8}  # BigTIFF's own
_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def check_tags(name: str, data: bytes) -> None:
    """Refuse a directory with too many tags, or tags that share their bytes over and over.

    Pillow copies every tag's value: five thousand tags that all point at the same megabyte would
    be five gigabytes. Raises CorruptImageError.
    """
    claimed = 0
    for count, (_tag, _kind, _count, value) in enumerate(_entries(data), 1):
        claimed += len(value)
        if count > MAX_TAGS or claimed > 2 * len(data):
            raise CorruptImageError(
                f"{name} picture cannot be decoded: its tags claim more than the file has; "
                "save it anew"
            )


def read_tags(data: bytes) -> dict[int, list[int]]:
    """The integers of each tag that has any; those of a tag given twice come together."""
    found: dict[int, list[int]] = {}
    order = _order(data)
    for tag, kind, count, value in _entries(data):
        if kind in _INTEGERS:
            letter = _INTEGERS[kind]
            count = min(count, MOST_VALUES, len(value) // _BYTES[kind])
            values = struct.unpack_from(f"{order}{count}{letter}", value)
            found.setdefault(tag, []).extend(values)
    return found


def _entries(data: bytes) -> Iterator[tuple[int, int, int, memoryview]]:
    """Tag, type, count and value; a value that lies outside of `data` is empty (TIFF 6.0, 2)."""
    order, view = _order(data), memoryview(data)
    big = data[2:4] in (b"+\0", b"\0+")
    header, total, entry, size = ("8xQ", "Q", "HHQ", 8) if big else ("4xI", "H", "HHI", 4)
    try:
        (at,) = struct.unpack_from(order + header, data)
        (left,) = struct.unpack_from(order + total, data, at)
        at += struct.calcsize("=" + total)
        while left:
            tag, kind, count = struct.unpack_from(order + entry, data, at)
            inline = at + struct.calcsize("=" + entry)
            length = _BYTES.get(kind, 0) * count
            start = inline
            if length > size:
                (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, inline)
            whole = start + length <= len(data)
            yield tag, kind, count, view[start : start + length] if whole else view[:0]
            at, left = inline + size, left - 1
    except struct.error:  # the directory ends with the data, or there is none
        return


def _order(data: bytes) -> str:
    return ">" if data[:2] == b"MM" else "<"
