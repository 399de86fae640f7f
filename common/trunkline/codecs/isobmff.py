"""The one coded picture of a HEIF or AVIF file (ISO/IEC 23008-12, 14496-12), read strictly.

Such a file can hold grids, layers, alpha planes and sequences, whose sizes the decoders learn after
they have made room for them; a frame needs none of it. One item, in one piece, is what passes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MOST_BOXES = 64
"""Of one level; our encoders write a dozen in all."""


class BoxError(ValueError):
    """The file is damaged, or holds more than one coded picture."""


@dataclass(frozen=True)
class Item:
    """The file's picture: the size that it claims in samples, its decoder's set-up, its data."""

    height: int
    width: int
    configuration: bytes
    data: bytes


def has_brand(file: bytes, brands: frozenset[bytes]) -> bool:
    """Whether the file says first of all that it is one of `brands`."""
    return file[4:8] == b"ftyp" and file[8:12] in brands


def read_item(file: bytes, kind: bytes, configuration: bytes) -> Item:
    """The item of type `kind` (`hvc1`, `av01`), whose set-up is in a box called `configuration`.

    Raises BoxError for anything that is not a file of just that.
    """
    top = boxes(file, (b"ftyp", b"meta", b"mdat"))
    meta = boxes(one(top, b"meta")[4:], META)
    items = boxes(one(meta, b"iinf")[6:], (b"infe",))
    entry = one(items, b"infe")
    if entry[:1] != b"\2" or entry[8:12] != kind:
        raise BoxError(f"its picture is {entry[8:12]!r}")
    container = boxes(one(boxes(one(meta, b"iprp"), (b"ipco", b"ipma")), b"ipco"))
    size = one(container, b"ispe")
    if len(size) != 12:
        raise BoxError("its size is damaged")
    width, height = struct.unpack(">II", size[4:])
    start, end = _place(one(meta, b"iloc"), len(file))
    return Item(height, width, one(container, configuration), file[start:end])


META = (b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp")
Boxes = list[tuple[bytes, bytes]]


def boxes(data: bytes, allowed: tuple[bytes, ...] = ()) -> Boxes:
    """Type and content of every box of one level, all of the `allowed` types if those are given.

    Raises BoxError.
    """
    found: Boxes = []
    at = 0
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if not 8 <= length <= len(data) - at or len(found) == MOST_BOXES:
            raise BoxError(f"a box {kind!r} of {length} bytes in {len(data) - at}")
        if allowed and kind not in allowed:
            raise BoxError(f"a box {kind!r}")
        found.append((kind, data[at + 8 : at + length]))
        at += length
    return found


def one(level: Boxes, kind: bytes) -> bytes:
    """The content of the only box of a type. Raises BoxError."""
    found = [content for name, content in level if name == kind]
    if len(found) != 1:
        raise BoxError(f"{len(found)} boxes {kind!r}")
    return found[0]


def _place(iloc: bytes, length: int) -> tuple[int, int]:
    """Where the item's data begin and end; `iloc` of version 0, one item, one extent."""
    if len(iloc) < 8 or iloc[:4] != bytes(4) or iloc[4:5] != b"\x44" or iloc[5] & 0xBF:
        raise BoxError("a table of places of an unknown form")
    base_size = iloc[5] >> 4
    rest = iloc[12:]
    if iloc[6:8] != b"\0\1" or rest[base_size : base_size + 2] != b"\0\1":
        raise BoxError("more than one piece of data")
    numbers = rest[:base_size], rest[base_size + 2 : base_size + 6], rest[base_size + 6 :]
    if len(numbers[2]) != 4:
        raise BoxError("a damaged table of places")
    base, offset, size = (int.from_bytes(number, "big") for number in numbers)
    if base + offset + size > length:
        raise BoxError(f"data up to byte {base + offset + size} in a file of {length}")
    return base + offset, base + offset + size
