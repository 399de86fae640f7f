"""The coding tools of BPG's HEVC header: the part of an SPS that the file keeps.

Field names and limits are those of H.265, 7.3.2.2 and 7.4.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.codecs.bpg.bits import BitReader, BitstreamError, BitWriter

RANGE_FLAGS = 9
IMPLICIT_RDPCM = 0b001000000
UNSUPPORTED_RANGE_FLAGS = 0b000010001
"""extended_precision_processing and cabac_bypass_alignment: no decoder at hand has them."""


@dataclass(frozen=True)
class Pcm:
    """The fields behind pcm_enabled_flag; depths in bits, sizes as log2 of samples."""

    luma_depth: int
    chroma_depth: int
    log2_min_size: int
    log2_diff_size: int
    loop_filter_disabled: bool


@dataclass(frozen=True)
class Tools:
    """Block sizes (log2 of samples) and switches, in the order the bits have."""

    log2_min_block: int
    log2_diff_block: int
    log2_min_transform: int
    log2_diff_transform: int
    transform_depth_intra: int
    sample_adaptive_offset: bool
    pcm: Pcm | None
    strong_intra_smoothing: bool
    range_flags: int | None = None
    """The nine flags of sps_range_extension, None where there is none."""

    @property
    def implicit_rdpcm(self) -> bool:
        """implicit_rdpcm_enabled_flag, which the reference encoder sets in lossless files."""
        return bool((self.range_flags or 0) & IMPLICIT_RDPCM)

    @property
    def min_block(self) -> int:
        """The minimum coding block's side in samples."""
        return 1 << self.log2_min_block

    def padded(self, size: int) -> int:
        """A picture side rounded up to whole minimum coding blocks."""
        return -(-size // self.min_block) * self.min_block

    def check(self, bit_depth: int) -> None:
        """Raise BitstreamError for sizes that H.265 or the decoders do not allow."""
        block = self.log2_min_block + self.log2_diff_block
        transform = self.log2_min_transform + self.log2_diff_transform
        _within("minimum coding block", self.log2_min_block, 3, 6)
        _within("coding tree block", block, 4, 6)
        _within("minimum transform block", self.log2_min_transform, 2, self.log2_min_block - 1)
        _within("maximum transform block", transform, self.log2_min_transform, min(block, 5))
        _within("transform depth", self.transform_depth_intra, 0, block - self.log2_min_transform)
        if self.pcm is not None:
            _check_pcm(self.pcm, self.log2_min_block, block, bit_depth)
        if (self.range_flags or 0) & UNSUPPORTED_RANGE_FLAGS:
            raise BitstreamError("extended precision and bypass alignment are not supported")


def read_blocks(bits: BitReader) -> tuple[int, int, int, int]:
    """The four block sizes as `Tools` has them."""
    return bits.ue() + 3, bits.ue(), bits.ue() + 2, bits.ue()


def read_pcm(bits: BitReader) -> Pcm | None:
    """pcm_enabled_flag and what it brings."""
    if not bits.flag():
        return None
    return Pcm(bits.u(4) + 1, bits.u(4) + 1, bits.ue() + 3, bits.ue(), bits.flag())


def read_range_flags(bits: BitReader) -> int | None:
    """sps_extension_present_flag and what it brings, of which only the range extension is known."""
    if not bits.flag():
        return None
    present = bits.flag()
    if bits.u(7):
        raise BitstreamError("an SPS extension other than the range extension")
    return bits.u(RANGE_FLAGS) if present else None


def write_blocks(bits: BitWriter, tools: Tools) -> None:
    """The four block sizes."""
    bits.ue(tools.log2_min_block - 3)
    bits.ue(tools.log2_diff_block)
    bits.ue(tools.log2_min_transform - 2)
    bits.ue(tools.log2_diff_transform)


def write_pcm(bits: BitWriter, pcm: Pcm | None) -> None:
    """pcm_enabled_flag and what it brings."""
    bits.u(pcm is not None, 1)
    if pcm is not None:
        bits.u(pcm.luma_depth - 1, 4)
        bits.u(pcm.chroma_depth - 1, 4)
        bits.ue(pcm.log2_min_size - 3)
        bits.ue(pcm.log2_diff_size)
        bits.u(pcm.loop_filter_disabled, 1)


def write_range_flags(bits: BitWriter, flags: int | None) -> None:
    """sps_extension_present_flag and what it brings."""
    bits.u(flags is not None, 1)
    if flags is not None:
        bits.u(0b1000_0000, 8)
        bits.u(flags, RANGE_FLAGS)


def _check_pcm(pcm: Pcm, log2_min_block: int, block: int, bit_depth: int) -> None:
    low, high = min(log2_min_block, 5), min(block, 5)
    _within("PCM luma depth", pcm.luma_depth, 1, bit_depth)
    _within("PCM chroma depth", pcm.chroma_depth, 1, bit_depth)
    _within("minimum PCM block", pcm.log2_min_size, low, high)
    _within("maximum PCM block", pcm.log2_min_size + pcm.log2_diff_size, low, high)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BitstreamError(f"{name} is {value}, not {low} to {high}")
