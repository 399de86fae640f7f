"""The head of a .bpg file, up to its HEVC header (BPG specification 0.9.5, "Bitstream syntax")."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.codecs.bpg.bits import BitReader, BitstreamError, BitWriter, read_ue7, ue7

MAGIC = b"BPG\xfb"
GREY = 0
YUV420 = 1
YUV444 = 3
CHROMA_FORMAT_IDC = {0: 0, 1: 1, 2: 2, 3: 3, 4: 1, 5: 2}
"""pixel_format (4 and 5 differ from 1 and 2 in chroma position only) to HEVC's number."""
YCBCR, RGB, BT709, BT2020 = 0, 1, 3, 4
COLOR_SPACES = 5
BIT_DEPTHS = range(8, 15)
LONGEST_SIDE = 16384
"""Samples, of files that are read; a limit of ours, the format itself has none below 2**32."""


@dataclass(frozen=True)
class Header:
    """What a file says of its picture. Sizes in samples, before any padding."""

    width: int
    height: int
    pixel_format: int = GREY
    bit_depth: int = 8
    color_space: int = YCBCR
    limited_range: bool = False

    @property
    def chroma_format_idc(self) -> int:
        """HEVC's number of the chroma format: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
        return CHROMA_FORMAT_IDC[self.pixel_format]

    def write(self, data_length: int = 0) -> bytes:
        """The bytes before the HEVC header; 0 is for picture data that go to the file's end."""
        bits = BitWriter()
        bits.u(self.pixel_format, 3)
        bits.u(0, 1)  # alpha1
        bits.u(self.bit_depth - 8, 4)
        bits.u(self.color_space, 4)
        bits.u(0, 1)  # extension_present
        bits.u(0, 1)  # alpha2
        bits.u(self.limited_range, 1)
        bits.u(0, 1)  # animation
        return MAGIC + bits.padded() + ue7(self.width) + ue7(self.height) + ue7(data_length)


def read(data: bytes) -> tuple[Header, bytes, bool]:
    """The header, and the picture data behind it: HEVC header, then HEVC stream.

    And whether the file says how long those are, which makes a cut one known.

    Raises BitstreamError for damage, alpha planes and animations.
    """
    if data[:4] != MAGIC:
        raise BitstreamError("it does not begin with BPG's magic number")
    bits = BitReader(data[4:6])
    pixel_format, alpha1, bit_depth = bits.u(3), bits.flag(), bits.u(4) + 8
    color_space, extension, alpha2 = bits.u(4), bits.flag(), bits.flag()
    limited_range, animation = bits.flag(), bits.flag()
    if alpha1 or alpha2 or animation:
        raise BitstreamError("alpha planes and animations are not supported")
    width, position = read_ue7(data, 6)
    height, position = read_ue7(data, position)
    length, position = read_ue7(data, position)
    header = Header(width, height, pixel_format, bit_depth, color_space, limited_range)
    _check(header)
    if extension:
        position = _skip_extensions(data, position)
    return header, _span(data, position, length or len(data) - position), length > 0


def _check(header: Header) -> None:
    """Raise BitstreamError for a value the format does not know."""
    if header.pixel_format not in CHROMA_FORMAT_IDC:
        raise BitstreamError(f"pixel_format is {header.pixel_format}, above 5")
    if header.bit_depth not in BIT_DEPTHS:
        raise BitstreamError(f"bit depth is {header.bit_depth}, above 14")
    if header.color_space >= COLOR_SPACES or (header.pixel_format == GREY and header.color_space):
        raise BitstreamError(
            f"color_space is {header.color_space} with pixel_format {header.pixel_format}"
        )
    for name, size in (("width", header.width), ("height", header.height)):
        if not 1 <= size <= LONGEST_SIDE:
            raise BitstreamError(f"picture {name} is {size}, not 1 to {LONGEST_SIDE}")


def _skip_extensions(data: bytes, position: int) -> int:
    """The position behind the extension data, whose tags and lengths are checked."""
    length, position = read_ue7(data, position)
    extensions = _span(data, position, length)
    inside = 0
    while inside < length:
        _tag, inside = read_ue7(extensions, inside)
        size, inside = read_ue7(extensions, inside)
        inside += len(_span(extensions, inside, size))
    return position + length


def _span(data: bytes, position: int, length: int) -> bytes:
    """`length` bytes at `position`. Raises BitstreamError where there are fewer."""
    if length > len(data) - position:
        raise BitstreamError(f"{length} bytes announced where {len(data) - position} are left")
    return data[position : position + length]
