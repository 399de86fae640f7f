"""Bit fields, Exp-Golomb codes and ue7 numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.codecs.bpg.bits import BitReader, BitstreamError, BitWriter, read_ue7, ue7

NUMBERS = st.integers(0, 2**32 - 2)


@pytest.mark.parametrize(
    ("data", "value"), [("08", 8), ("841e", 542), ("acbe17", 728855), ("00", 0), ("7f", 127)]
)
def test_ue7_as_the_specification_shows_it(data: str, value: int) -> None:
    assert read_ue7(bytes.fromhex(data), 0) == (value, len(data) // 2)
    assert ue7(value) == bytes.fromhex(data)


@pytest.mark.parametrize("data", ["", "84", "8008", "ffffffffff", "ffffffffff7f"])
def test_ue7_refuses_what_is_longer_than_it_must_be(data: str) -> None:
    with pytest.raises(BitstreamError):
        read_ue7(bytes.fromhex(data), 0)


@given(NUMBERS)
def test_ue7_comes_back(value: int) -> None:
    data = ue7(value)
    assert read_ue7(b"x" + data + b"y", 1) == (value, 1 + len(data))


@given(st.lists(NUMBERS))
def test_exp_golomb_codes_come_back(values: list[int]) -> None:
    bits = BitWriter()
    for value in values:
        bits.ue(value)
    reader = BitReader(bits.trailed())
    assert [reader.ue() for _ in values] == values
    assert reader.flag()
    reader.padding()


def test_fixed_fields_come_back_across_bytes() -> None:
    bits = BitWriter()
    for value, width in ((5, 3), (0, 1), (0x1234, 13), (1, 1)):
        bits.u(value, width)
    reader = BitReader(bits.padded())
    assert [reader.u(width) for width in (3, 1, 13, 1)] == [5, 0, 0x1234, 1]


@pytest.mark.parametrize("data", ["", "00", "00000000", "0000000001ffff"])
def test_reading_past_the_end_is_an_error(data: str) -> None:
    with pytest.raises(BitstreamError):
        BitReader(bytes.fromhex(data)).ue()


@pytest.mark.parametrize("data", ["01", "7f", "0000", "8000"])
def test_padding_is_less_than_a_byte_of_zeros(data: str) -> None:
    with pytest.raises(BitstreamError):
        BitReader(bytes.fromhex(data)).padding()
