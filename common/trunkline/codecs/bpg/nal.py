"""NAL units: Annex B byte streams and emulation prevention (H.265, annex B and 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

START_CODE = b"\0\0\1"
IDR_W_RADL, IDR_N_LP, CRA = 19, 20, 21
PICTURE_TYPES = (IDR_W_RADL, IDR_N_LP, CRA)
VPS, SPS, PPS = 32, 33, 34
IGNORED_TYPES = (35, 36, 37, 38, 39, 40)
"""Delimiter, end of sequence and of stream, filler, SEI: no part of a still picture."""
HEADER_BYTES = 2


def split(stream: bytes) -> list[bytes]:
    """The NAL units of an Annex B stream without their start codes, empty ones left out."""
    units = (unit.rstrip(b"\0") for unit in stream.split(START_CODE))
    return [unit for unit in units if unit]


def join(units: Iterable[bytes]) -> bytes:
    """An Annex B stream of these units; a four-byte start code leads, as a stream's start has."""
    return b"\0" + b"".join(START_CODE + unit for unit in units)


def kind(unit: bytes) -> int:
    """nal_unit_type."""
    return unit[0] >> 1 & 0x3F


def is_plain(unit: bytes) -> bool:
    """Whether the unit's header is that of a still picture's only layer: layer 0, sub-layer 0."""
    return len(unit) > HEADER_BYTES and unit[0] & 0x81 == 0 and unit[1] == 1


def starts_picture(unit: bytes) -> bool:
    """first_slice_segment_in_pic_flag of a slice segment."""
    return unit[HEADER_BYTES] >= 0x80


def unescape(unit: bytes) -> bytes:
    """The RBSP of a unit: header and emulation prevention bytes removed."""
    return unit[HEADER_BYTES:].replace(b"\0\0\3", b"\0\0")


def escape(type_: int, rbsp: bytes) -> bytes:
    """The unit of type `type_` that carries `rbsp`."""
    guarded = re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", rbsp)
    return bytes([type_ << 1, 1]) + guarded
