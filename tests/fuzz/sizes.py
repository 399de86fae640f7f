"""Files that claim another size, checksums right: the frame may be made to agree with them."""

from __future__ import annotations

import dataclasses
import struct

from tests.fuzz import bpg_file
from tests.fuzz.formats import FORMATS, Part

VP8_START = b"\x9d\x01\x2a"
VP8L_SIGNATURE = 0x2F
SOF, SIZ = b"\xc0", b"\x51"


def resized(codec: str, data: bytes, height: int, width: int) -> bytes | None:
    """The file with another size in its header; None where the format hides it.

    Raises ValueError or struct.error for what the header cannot hold, or a file that does not come
    apart.
    """
    if codec == "bpg":
        file = dataclasses.replace(bpg_file.parse(data), width=width, height=height)
        return file.write()
    if codec in ("avif", "heif"):
        return _resized_boxes(data, height, width)
    if codec not in _PARTS:
        return None
    form = FORMATS[codec]
    return form.join([_PARTS[codec](part, height, width) for part in form.split(data)])


def _resized_boxes(data: bytes, height: int, width: int) -> bytes:
    """`ispe` changed; what the coded picture inside says stays as it was."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _png(part: Part, height: int, width: int) -> Part:
    kind, body = part
    return (kind, struct.pack(">II", width, height) + body[8:]) if kind == b"IHDR" else part


def _webp(part: Part, height: int, width: int) -> Part:
    kind, body = part
    if kind == b"VP8 " and body[3:6] == VP8_START:
        return kind, body[:6] + struct.pack("<HH", width, height) + body[10:]
    if kind == b"VP8L" and body[:1] == bytes([VP8L_SIGNATURE]):
        (fields,) = struct.unpack("<I", body[1:5])
        sizes = (width - 1) & 0x3FFF | ((height - 1) & 0x3FFF) << 14
        return kind, body[:1] + struct.pack("<I", fields & 0xF0000000 | sizes) + body[5:]
    return part


def _jpeg(part: Part, height: int, width: int) -> Part:
    kind, body = part
    if kind != SOF:
        return part
    return kind, body[:1] + struct.pack(">HH", height, width) + body[5:]


def _jpeg2000(part: Part, height: int, width: int) -> Part:
    kind, body = part
    if kind != SIZ:
        return part
    size = struct.pack(">II", width, height)
    return kind, body[:2] + size + bytes(8) + size + body[26:]


_PARTS = {"jpeg": _jpeg, "jpeg2000": _jpeg2000, "png": _png, "webp": _webp}
