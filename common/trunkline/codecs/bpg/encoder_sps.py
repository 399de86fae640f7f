"""An encoder's own SPS, read for what BPG keeps of it and checked for what BPG fixes.

The syntax is H.265's, 7.3.2.2, 7.3.3 and E.2.1. These bytes come from x265, not from a payload.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.codecs.bpg import nal
from trunkline.codecs.bpg.bits import BitReader, BitstreamError
from trunkline.codecs.bpg.sps import LOG2_POC_LSB
from trunkline.codecs.bpg.tools import Tools, read_blocks, read_pcm, read_range_flags

PROFILE_BITS = 88
EXTENDED_SAR = 255


@dataclass(frozen=True)
class EncoderSps:
    """What the stream is, and the tools it uses. Sizes in samples as coded."""

    chroma_format_idc: int
    width: int
    height: int
    bit_depth: int
    tools: Tools


def read(unit: bytes) -> EncoderSps:
    """Read an SPS unit. Raises BitstreamError for a setting that BPG cannot express."""
    bits = BitReader(nal.unescape(unit))
    _fixed("VPS id and sub-layers", bits.u(7), 0)
    bits.u(1)
    bits.u(PROFILE_BITS)
    bits.u(8)
    _fixed("SPS id", bits.ue(), 0)
    chroma_format_idc = bits.ue()
    if chroma_format_idc == 3:
        _fixed("separate_colour_plane_flag", bits.u(1), 0)
    width, height = bits.ue(), bits.ue()
    if bits.flag():
        _window(bits)
    bit_depth = bits.ue() + 8
    _fixed("chroma bit depth", bits.ue() + 8, bit_depth)
    _fixed("log2 of the POC length", bits.ue() + 4, LOG2_POC_LSB)
    bits.flag()
    for _ in range(3):  # one sub-layer, so one set of buffering numbers whatever the flag
        bits.ue()
    return EncoderSps(chroma_format_idc, width, height, bit_depth, _tools(bits))


def _tools(bits: BitReader) -> Tools:
    """From the block sizes to the end of the SPS."""
    blocks = read_blocks(bits)
    depth_inter, depth_intra = bits.ue(), bits.ue()
    _fixed("max_transform_hierarchy_depth_inter", depth_inter, depth_intra)
    _fixed("scaling_list_enabled_flag", bits.u(1), 0)
    _fixed("amp_enabled_flag", bits.u(1), 1)
    offset = bits.flag()
    pcm = read_pcm(bits)
    _fixed("num_short_term_ref_pic_sets", bits.ue(), 0)
    _fixed("long_term_ref_pics_present_flag", bits.u(1), 0)
    _fixed("sps_temporal_mvp_enabled_flag", bits.u(1), 1)
    smoothing = bits.flag()
    if bits.flag():
        _skip_vui(bits)
    range_flags = read_range_flags(bits)
    return Tools(*blocks, depth_intra, offset, pcm, smoothing, range_flags)


def _skip_vui(bits: BitReader) -> None:
    """vui_parameters: nothing of it touches the samples, and BPG has no place for it."""
    if bits.flag() and bits.u(8) == EXTENDED_SAR:
        bits.u(32)
    if bits.flag():
        bits.u(1)  # overscan_appropriate
    if bits.flag():
        bits.u(4)  # video format, full range
        if bits.flag():
            bits.u(24)  # primaries, transfer, matrix
    if bits.flag():
        bits.ue()
        bits.ue()
    bits.u(3)  # neutral chroma, fields
    if bits.flag():
        _window(bits)
    if bits.flag():
        bits.u(64)
        if bits.flag():
            bits.ue()
        _fixed("vui_hrd_parameters_present_flag", bits.u(1), 0)
    if bits.flag():
        bits.u(3)
        for _ in range(5):
            bits.ue()


def _window(bits: BitReader) -> None:
    """The four offsets of a window."""
    for _ in range(4):
        bits.ue()


def _fixed(name: str, value: int, expected: int) -> None:
    if value != expected:
        raise BitstreamError(f"{name} is {value}: BPG fixes {expected}")
