"""BPG headers, parameter sets and NAL units, field by field."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.codecs.bpg import container, encoder_sps, header, nal, sps
from trunkline.codecs.bpg.bits import BitstreamError, ue7
from trunkline.codecs.bpg.header import Header
from trunkline.codecs.bpg.tools import Pcm, Tools

GREY = bytes.fromhex("425047fb 0000 8160 70 00")
TOOLS_BYTES = bytes.fromhex("03924740")
"""As the reference encoder writes them."""
PPS = bytes.fromhex("4401c190958112")
SLICE = bytes.fromhex("2601ae12c0ce7ffe143330")
PICTURE = PPS + b"\0\0\0\1" + SLICE
TOOLS = Tools(3, 3, 2, 3, 2, True, None, True)

headers = st.builds(
    Header,
    st.integers(1, header.LONGEST_SIDE),
    st.integers(1, header.LONGEST_SIDE),
    pixel_format=st.integers(1, 5),
    bit_depth=st.integers(8, 14),
    color_space=st.integers(0, 4),
    limited_range=st.booleans(),
)


@given(headers, st.binary(max_size=5))
def test_headers_come_back(picture: Header, rest: bytes) -> None:
    assert header.read(picture.write() + rest) == (picture, rest, False)


def test_header_of_a_reference_file() -> None:
    assert Header(224, 112).write() == GREY
    assert container.read(GREY + TOOLS_BYTES + PICTURE).tools == TOOLS
    assert sps.write_hevc_header(TOOLS) == TOOLS_BYTES


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", "magic"),
        ("425047fa", "magic"),
        ("425047fb", "bit field"),
        ("425047fb 00", "bit field"),
        ("425047fb 0000 8160", "ue7"),
        ("425047fb c000 01 01 00", "pixel_format is 6"),
        ("425047fb 0700 01 01 00", "bit depth is 15"),
        ("425047fb 0010 01 01 00", "color_space is 1 with pixel_format 0"),
        ("425047fb 6050 01 01 00", "color_space is 5"),
        ("425047fb 1000 01 01 00", "alpha"),
        ("425047fb 0004 01 01 00", "alpha"),
        ("425047fb 0001 01 01 00", "animations"),
        ("425047fb 0000 00 01 00", "width is 0"),
        ("425047fb 0000 01 00 00", "height is 0"),
        ("425047fb 0000 ffffffff7f 01 00", "width is"),
        ("425047fb 0000 8001 01 00", "shortest"),
        ("425047fb 0000 01 01 05", "5 bytes announced"),
        ("425047fb 0008 01 01 00 03 0101", "3 bytes announced"),
        ("425047fb 0008 01 01 00 02 0105", "5 bytes announced"),
        ("425047fb 0008 01 01 00 01 01", "ue7"),
    ],
)
def test_bad_headers_say_what_is_wrong(data: str, problem: str) -> None:
    with pytest.raises(BitstreamError, match=problem):
        header.read(bytes.fromhex(data))


def test_extensions_are_skipped_and_lengths_obeyed() -> None:
    extensions = bytes.fromhex("05 01 00 02 01 aa")
    rest = TOOLS_BYTES + PICTURE
    data = bytes.fromhex("425047fb 0008 8160 70") + ue7(len(rest)) + extensions + rest
    assert header.read(data + b"after") == (Header(224, 112), rest, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"log2_min_block": 7},
        {"log2_diff_block": 4},
        {"log2_diff_block": 0},
        {"log2_min_transform": 3},
        {"log2_diff_transform": 4},
        {"transform_depth_intra": 5},
        {"pcm": Pcm(9, 8, 3, 0, False)},
        {"pcm": Pcm(8, 8, 3, 3, False)},
        {"range_flags": 1 << 4},
        {"range_flags": 1},
    ],
)
def test_tools_beyond_the_limits_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BitstreamError):
        dataclasses.replace(TOOLS, **changes).check(8)  # type: ignore[arg-type]


@pytest.mark.parametrize("pcm", [None, Pcm(7, 5, 3, 2, True)])
@pytest.mark.parametrize("range_flags", [None, 0b001000010])
@pytest.mark.parametrize("picture", [Header(37, 51), Header(9, 17, 3, 10), Header(20, 8, 4, 12)])
def test_parameter_sets_come_back(
    pcm: Pcm | None, range_flags: int | None, picture: Header
) -> None:
    tools = dataclasses.replace(TOOLS, pcm=pcm, range_flags=range_flags)
    short = sps.write_hevc_header(tools)
    assert sps.read_hevc_header(short + b"rest", picture.bit_depth) == (tools, b"rest")
    full = encoder_sps.read(sps.sps(picture, tools))
    assert full.tools == tools
    assert (full.width, full.height) == (tools.padded(picture.width), tools.padded(picture.height))
    assert (full.chroma_format_idc, full.bit_depth) == (
        picture.chroma_format_idc,
        picture.bit_depth,
    )


@pytest.mark.parametrize("data", ["", "05924740", "02 9247", "03924741", "04 92474000", "03ffffff"])
def test_bad_hevc_headers_are_refused(data: str) -> None:
    with pytest.raises(BitstreamError):
        sps.read_hevc_header(bytes.fromhex(data), 8)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        PPS,
        SLICE,
        PICTURE + nal.START_CODE + SLICE,  # a second picture
        nal.START_CODE.join([PPS, sps.sps(Header(4096, 4096), TOOLS), SLICE]),
        nal.START_CODE.join([PPS, sps.vps(), SLICE]),
        nal.START_CODE.join([PPS] * 65 + [SLICE]),
        nal.START_CODE.join([PPS, SLICE] + [SLICE[:2] + b"\x2e"] * 98),
        nal.START_CODE.join([PPS, b"\x02\x01" + SLICE[2:]]),  # an inter slice
        nal.START_CODE.join([PPS, b"\x26\x09" + SLICE[2:]]),  # another layer
        nal.START_CODE.join([PPS, b"\x26"]),
    ],
)
def test_streams_that_are_not_one_still_picture_are_refused(stream: bytes) -> None:
    with pytest.raises(BitstreamError):
        container.read(GREY + TOOLS_BYTES + stream)


def test_units_beside_the_picture_are_left_out() -> None:
    sei = bytes.fromhex("4e01050480")
    still = container.read(GREY + TOOLS_BYTES + nal.START_CODE.join([PPS, sei, SLICE]))
    assert still.units == (PPS, SLICE)


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255])).map(bytes))
def test_emulation_prevention_comes_back(body: bytes) -> None:
    rbsp = body + b"\x80"
    unit = nal.escape(nal.PPS, rbsp)
    assert nal.unescape(unit) == rbsp
    assert nal.split(nal.join([unit, unit])) == [unit, unit]
