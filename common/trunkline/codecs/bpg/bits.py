"""Bits, most significant first: fixed fields, Exp-Golomb codes (H.265, 9.2) and BPG's ue7."""

from __future__ import annotations

UE7_BYTES = 5
"""The longest ue7 read: five groups of seven bits hold any 32-bit number."""


class BitstreamError(ValueError):
    """A field is damaged, out of its range or asks for what is not supported."""


class BitReader:
    """Reads fields from `data`; every read past the end is a BitstreamError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bits = len(data) * 8
        self._position = 0

    def u(self, width: int) -> int:
        """An unsigned number of `width` bits, u(n) in H.265."""
        end = self._position + width
        if end > self._bits:
            raise BitstreamError(f"bit field ends at bit {end} of {self._bits}")
        first, last = self._position // 8, (end + 7) // 8
        value = int.from_bytes(self._data[first:last], "big") >> (last * 8 - end)
        self._position = end
        return value & ((1 << width) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """An Exp-Golomb code of order 0, at most 32 bits of value, ue(v) in H.265."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > 32:
                raise BitstreamError("Exp-Golomb code longer than 32 bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def padding(self) -> None:
        """Zero bits to the end of the data, less than a byte of them."""
        left = self._bits - self._position
        if left >= 8 or self.u(left):
            raise BitstreamError(f"{left} bits left where less than a byte of zeros ends a field")


class BitWriter:
    """Collects fields; `padded` and `trailed` give them as whole bytes."""

    def __init__(self) -> None:
        self._value = 0
        self._bits = 0

    def u(self, value: int, width: int) -> None:
        """Append an unsigned number of `width` bits."""
        self._value = self._value << width | value
        self._bits += width

    def ue(self, value: int) -> None:
        """Append an Exp-Golomb code of order 0."""
        self.u(value + 1, 2 * (value + 1).bit_length() - 1)

    def padded(self) -> bytes:
        """The bytes, filled up with zero bits."""
        fill = -self._bits % 8
        return (self._value << fill).to_bytes((self._bits + fill) // 8, "big")

    def trailed(self) -> bytes:
        """The bytes behind rbsp_trailing_bits: a one, then zeros (H.265, 7.3.2.11)."""
        self.u(1, 1)
        return self.padded()


def ue7(value: int) -> bytes:
    """`value` in groups of seven bits, most significant first, in the shortest form."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def read_ue7(data: bytes, position: int) -> tuple[int, int]:
    """The ue7 at `position`, and the position behind it."""
    value = 0
    for index, byte in enumerate(data[position : position + UE7_BYTES]):
        if index == 0 and byte == 0x80:
            raise BitstreamError("ue7 number not in its shortest form")
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + index + 1
    raise BitstreamError(f"ue7 number at byte {position} does not end")
