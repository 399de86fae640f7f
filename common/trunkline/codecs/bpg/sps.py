"""Parameter sets: BPG's reduced SPS to and from HEVC's own (H.265, 7.3.2.1 and 7.3.2.2).

BPG fixes what its HEVC header leaves out: ids 0, one sub-layer, no scaling lists, AMP and temporal
motion vectors on, eight-bit picture order counts, equal bit depths, no reference picture sets.
"""

from __future__ import annotations

from trunkline.codecs.bpg import nal
from trunkline.codecs.bpg.bits import BitReader, BitstreamError, BitWriter, read_ue7, ue7
from trunkline.codecs.bpg.header import Header
from trunkline.codecs.bpg.tools import (
    Tools,
    read_blocks,
    read_pcm,
    read_range_flags,
    write_blocks,
    write_pcm,
    write_range_flags,
)

LOG2_POC_LSB = 8
LEVEL_8_5 = 255
PROFILE_RANGE_EXTENSIONS = 4


def read_hevc_header(data: bytes, bit_depth: int) -> tuple[Tools, bytes]:
    """The checked coding tools, and the HEVC stream behind them. Raises BitstreamError."""
    length, position = read_ue7(data, 0)
    if length > len(data) - position:
        raise BitstreamError(f"HEVC header of {length} bytes in {len(data) - position}")
    bits = BitReader(data[position : position + length])
    tools = Tools(
        *read_blocks(bits),
        transform_depth_intra=bits.ue(),
        sample_adaptive_offset=bits.flag(),
        pcm=read_pcm(bits),
        strong_intra_smoothing=bits.flag(),
        range_flags=read_range_flags(bits),
    )
    bits.padding()
    tools.check(bit_depth)
    return tools, data[position + length :]


def write_hevc_header(tools: Tools) -> bytes:
    """The HEVC header with its length before it."""
    bits = BitWriter()
    write_blocks(bits, tools)
    bits.ue(tools.transform_depth_intra)
    bits.u(tools.sample_adaptive_offset, 1)
    write_pcm(bits, tools.pcm)
    bits.u(tools.strong_intra_smoothing, 1)
    write_range_flags(bits, tools.range_flags)
    body = bits.padded()
    return ue7(len(body)) + body


def vps() -> bytes:
    """The VPS unit that goes before the SPS of `sps`."""
    bits = BitWriter()
    bits.u(0, 4)  # id
    bits.u(0b11, 2)  # base layer internal, available
    bits.u(0, 6)  # max_layers - 1
    bits.u(0, 3)  # max_sub_layers - 1
    bits.u(1, 1)  # temporal_id_nesting
    bits.u(0xFFFF, 16)
    _write_profile(bits)
    _write_buffering(bits)
    bits.u(0, 6)  # max_layer_id
    bits.ue(0)  # layer sets - 1
    bits.u(0, 2)  # no timing, no extension
    return nal.escape(nal.VPS, bits.trailed())


def sps(header: Header, tools: Tools) -> bytes:
    """The SPS unit that BPG's header stands for; it knows the padded picture, without a crop."""
    bits = BitWriter()
    bits.u(0, 4 + 3)  # VPS id, max_sub_layers - 1
    bits.u(1, 1)  # temporal_id_nesting
    _write_profile(bits)
    bits.ue(0)  # id
    bits.ue(header.chroma_format_idc)
    if header.chroma_format_idc == 3:
        bits.u(0, 1)  # separate_colour_plane
    bits.ue(tools.padded(header.width))
    bits.ue(tools.padded(header.height))
    bits.u(0, 1)  # conformance_window
    bits.ue(header.bit_depth - 8)
    bits.ue(header.bit_depth - 8)
    bits.ue(LOG2_POC_LSB - 4)
    _write_buffering(bits)
    write_blocks(bits, tools)
    bits.ue(tools.transform_depth_intra)  # inter
    bits.ue(tools.transform_depth_intra)
    bits.u(0b01, 2)  # no scaling lists, AMP
    bits.u(tools.sample_adaptive_offset, 1)
    write_pcm(bits, tools.pcm)
    bits.ue(0)  # short-term reference picture sets
    bits.u(0b01, 2)  # no long-term ones, temporal motion vectors
    bits.u(tools.strong_intra_smoothing, 1)
    bits.u(0, 1)  # VUI
    write_range_flags(bits, tools.range_flags)
    return nal.escape(nal.SPS, bits.trailed())


def _write_profile(bits: BitWriter) -> None:
    """profile_tier_level: Main 4:4:4 16 Still Picture, level 8.5 (H.265, A.3.5)."""
    bits.u(0, 2 + 1)  # profile space, tier
    bits.u(PROFILE_RANGE_EXTENSIONS, 5)
    bits.u(1 << (31 - PROFILE_RANGE_EXTENSIONS), 32)
    bits.u(0b1001, 4)  # progressive, frames only
    bits.u(0b0000_0011_0, 9)  # of the nine limits "intra" and "one picture"
    bits.u(0, 34 + 1)
    bits.u(LEVEL_8_5, 8)


def _write_buffering(bits: BitWriter) -> None:
    """Sub-layer ordering: one picture in the buffer, no reordering, no latency limit."""
    bits.u(1, 1)
    for _ in range(3):
        bits.ue(0)
