"""The size that an AV1 still picture claims, read before a decoder makes room for it.

The syntax is that of the AV1 Bitstream & Decoding Process Specification, 5.3, 5.5 and 5.9.
"""

from __future__ import annotations

from trunkline.codecs.bpg.bits import BitReader

SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME = 1, 2, 6
LONGEST_LEB128 = 8


class ObuError(ValueError):
    """The data are damaged, or more than one still picture."""


def still_size(data: bytes) -> tuple[int, int]:
    """(height, width) of the one still picture in `data`, in samples.

    Raises ObuError unless there are one sequence header, of the reduced form that only still
    pictures have, and one frame: that frame then is as large as its sequence says.
    """
    units = [unit for unit in _units(data) if unit[0] != TEMPORAL_DELIMITER]
    if [kind for kind, _ in units] != [SEQUENCE_HEADER, FRAME]:
        raise ObuError(f"units of the types {[kind for kind, _ in units][:9]}")
    try:
        return _sequence_size(BitReader(units[0][1]))
    except ValueError as error:
        raise ObuError(str(error)) from error


def _sequence_size(bits: BitReader) -> tuple[int, int]:
    """The largest frame of a sequence header, 5.5.1."""
    bits.u(3)  # seq_profile
    if bits.u(2) != 0b11:  # still_picture, reduced_still_picture_header
        raise ObuError("it is no still picture")
    bits.u(5)  # seq_level_idx
    width_bits, height_bits = bits.u(4) + 1, bits.u(4) + 1
    width, height = bits.u(width_bits) + 1, bits.u(height_bits) + 1
    return height, width


def _units(data: bytes) -> list[tuple[int, bytes]]:
    """Type and content of the OBUs, each of which says its length."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        header = data[at]
        # forbidden bit, extension and reserved bit are 0, has_size is 1 (5.3.2)
        if header & 0b1000_0111 != 0b010 or len(found) == 4:
            raise ObuError("a unit of an unknown form")
        length, start = _leb128(data, at + 1)
        if length > len(data) - start:
            raise ObuError(f"a unit of {length} bytes in {len(data) - start}")
        found.append((header >> 3, data[start : start + length]))
        at = start + length
    return found


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, least significant first, and the place behind it (4.10.5)."""
    value = 0
    for index, byte in enumerate(data[at : at + LONGEST_LEB128]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise ObuError("a length that does not end")
