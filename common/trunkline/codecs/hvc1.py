"""What the HEVC picture inside a HEIF file asks of its decoder (ISO/IEC 14496-15, 8.3.3).

libheif makes room for what the sequence parameter set says, whatever the file's own size, and hands
every slice on. The syntax of the set is that of H.265, 7.3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.codecs.bpg import nal
from trunkline.codecs.bpg.bits import BitReader

SETS_AT = 22
"""Bytes of hvcC before its parameter sets."""
MOST_SETS = 16
PROFILE_BITS = 96
"""profile_tier_level of one sub-layer."""
CODED_TYPES = range(32)


class SliceError(ValueError):
    """The picture is damaged, or more than one."""


def coded_size(configuration: bytes, data: bytes) -> tuple[int, int]:
    """(height, width) in samples of the one picture that hvcC and the item's data make up.

    Raises SliceError where a decoder might see another size than this, or further pictures.
    """
    try:
        sizes = [_size(unit) for unit in _sets(configuration) if nal.kind(unit) == nal.SPS]
        units = list(_prefixed(data, 4))
        kinds = [nal.kind(unit) for unit in units]
        slices = [unit for unit in units if nal.kind(unit) in CODED_TYPES]
        first = [nal.starts_picture(unit) for unit in slices]
        is_still = all(nal.is_plain(unit) for unit in units)
    except (IndexError, ValueError) as error:
        raise SliceError(f"its HEVC units are damaged ({error})") from error
    if len(sizes) != 1 or {nal.VPS, nal.SPS, nal.PPS} & set(kinds):
        raise SliceError(f"{len(sizes)} sequence parameter sets, or some among the slices")
    if first != [True]:
        raise SliceError(f"{len(first)} slices where one makes up the picture")
    if not is_still or nal.kind(slices[0]) not in nal.PICTURE_TYPES:
        raise SliceError("a slice that other pictures belong to")
    return sizes[0]


def _sets(configuration: bytes) -> Iterator[bytes]:
    """The parameter sets of hvcC."""
    arrays, at = configuration[SETS_AT], SETS_AT + 1
    if arrays > MOST_SETS:
        raise SliceError(f"{arrays} kinds of parameter sets")
    for _ in range(arrays):
        count = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        if count > MOST_SETS:
            raise SliceError(f"{count} parameter sets of a kind")
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2], "big")
            yield configuration[at + 2 : at + 2 + length]
            at += 2 + length


def _prefixed(data: bytes, width: int) -> Iterator[bytes]:
    """Units with their lengths before them."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + width], "big")
        if not nal.HEADER_BYTES < length <= len(data) - at - width:
            raise SliceError(f"a unit of {length} bytes in {len(data) - at}")
        yield data[at + width : at + width + length]
        at += width + length


def _size(unit: bytes) -> tuple[int, int]:
    """The coded (height, width) of a sequence parameter set, before any crop."""
    bits = BitReader(nal.unescape(unit))
    bits.u(4)  # VPS id
    if bits.u(3):
        raise SliceError("more than one sub-layer")
    bits.u(1)
    bits.u(PROFILE_BITS)
    bits.ue()  # id
    if bits.ue() == 3:
        bits.u(1)  # separate_colour_plane
    width, height = bits.ue(), bits.ue()
    return height, width
