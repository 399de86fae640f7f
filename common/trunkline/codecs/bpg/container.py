"""BPG files from HEVC streams and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trunkline.codecs.bpg import encoder_sps, header, nal, sps
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.header import Header
from trunkline.codecs.bpg.tools import Tools

MOST_PPS = 64
"""A PPS id is below 64 (H.265, 7.4.3.3)."""
MOST_SLICES = 4
"""One is what every encoder at hand writes; each may go over the whole picture once more."""


@dataclass(frozen=True)
class Still:
    """A file's picture: its header, its tools and its checked HEVC units, PPS first.

    `has_length` where the file says how long it is; else it may have been cut.
    """

    header: Header
    tools: Tools
    units: tuple[bytes, ...]
    has_length: bool = True

    @property
    def coded(self) -> Header:
        """The header of the picture that the decoder gives, before the crop."""
        height, width = self.tools.padded(self.header.height), self.tools.padded(self.header.width)
        return replace(self.header, height=height, width=width)

    def stream(self) -> bytes:
        """The HEVC stream with the parameter sets that BPG leaves out."""
        return nal.join([self.vps(), self.sps(), *self.units])

    def vps(self) -> bytes:
        """The VPS unit that BPG leaves out."""
        return sps.vps()

    def sps(self) -> bytes:
        """The SPS unit that BPG leaves out."""
        return sps.sps(self.header, self.tools)


def write(picture: Header, stream: bytes) -> bytes:
    """The .bpg file of a picture that an encoder turned into `stream`.

    It says how long it is, which costs a byte: HEVC decoders do not notice that a slice was cut.

    Raises BitstreamError where the stream has settings that BPG cannot express.
    """
    units = nal.split(stream)
    sets = [encoder_sps.read(unit) for unit in units if nal.kind(unit) == nal.SPS]
    if len(sets) != 1:
        raise BitstreamError(f"the encoder wrote {len(sets)} SPS, not one")
    _check_encoder(picture, sets[0])
    kept = [unit for unit in units if nal.kind(unit) not in (nal.VPS, nal.SPS)]
    data = nal.START_CODE.join(_picture_units(kept))
    rest = sps.write_hevc_header(sets[0].tools) + data
    return picture.write(len(rest)) + rest


def read(data: bytes) -> Still:
    """Read and check everything of a file but the HEVC slices. Raises BitstreamError."""
    picture, rest, has_length = header.read(data)
    tools, stream = sps.read_hevc_header(rest, picture.bit_depth)
    return Still(picture, tools, tuple(_picture_units(nal.split(stream))), has_length)


def _check_encoder(picture: Header, found: encoder_sps.EncoderSps) -> None:
    """Raise BitstreamError unless the stream is of this picture."""
    if (found.chroma_format_idc, found.bit_depth) != (picture.chroma_format_idc, picture.bit_depth):
        raise BitstreamError(
            f"the encoder wrote chroma format {found.chroma_format_idc}, {found.bit_depth} bits"
        )


def _picture_units(units: list[bytes]) -> list[bytes]:
    """The parameter sets and slices of the one picture, in order; what is no part of it left out.

    Parameter sets that would replace ours, further pictures and many slices are refused: they could
    ask for memory or time beyond the header's size.
    """
    kept = [unit for unit in units if nal.kind(unit) not in nal.IGNORED_TYPES]
    sets = [unit for unit in kept if nal.kind(unit) == nal.PPS]
    slices = [unit for unit in kept if nal.kind(unit) in nal.PICTURE_TYPES]
    if not all(nal.is_plain(unit) for unit in kept) or len(sets) + len(slices) < len(kept):
        raise BitstreamError("HEVC units that are no part of a still picture")
    if not 1 <= len(sets) <= MOST_PPS or not 1 <= len(slices) <= MOST_SLICES:
        raise BitstreamError(f"{len(sets)} PPS and {len(slices)} slices")
    if [nal.starts_picture(unit) for unit in slices] != [True] + [False] * (len(slices) - 1):
        raise BitstreamError("not the slices of one picture")
    return kept
