"""A BPG file as a list of named fields, read and written by the letter of the format.

Written from the specification alone (0.9.5, "Bitstream syntax") and not from the codec under test:
any field takes any value here.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass

from trunkline.codecs.bpg.bits import BitReader, BitWriter, read_ue7, ue7

MAGIC = b"BPG\xfb"
START_CODE = b"\0\0\1"
HEAD = (
    ("pixel_format", 3),
    ("alpha1", 1),
    ("bit_depth", 4),
    ("color_space", 4),
    ("extension", 1),
    ("alpha2", 1),
    ("limited_range", 1),
    ("animation", 1),
)
BLOCKS = ("min_block", "diff_block", "min_transform", "diff_transform", "transform_depth")
PCM = (("pcm_luma", 4), ("pcm_chroma", 4), ("pcm_min", 0), ("pcm_diff", 0), ("pcm_loop", 1))
RANGE = (("range_extension", 1), ("other_extensions", 7), ("range_flags", 9))


@dataclass(frozen=True)
class BpgFile:
    """Fields by name; a width of 0 is an Exp-Golomb code. `units` are the HEVC NAL units."""

    head: dict[str, int]
    width: int
    height: int
    tools: tuple[tuple[str, int, int], ...]
    units: tuple[bytes, ...]
    extension: bytes = b""
    open_ended: bool = True

    def write(self) -> bytes:
        """The file. Its lengths are right, or left open."""
        bits = BitWriter()
        for name, width in HEAD:
            bits.u(self.head[name] % (1 << width), width)
        extension = ue7(len(self.extension)) + self.extension if self.head["extension"] else b""
        data = self._tools() + START_CODE.join(self.units)
        length = 0 if self.open_ended else len(data)
        sizes = ue7(self.width) + ue7(self.height) + ue7(length)
        return MAGIC + bits.padded() + sizes + extension + data

    def _tools(self) -> bytes:
        bits = BitWriter()
        for _, width, value in self.tools:
            if width:
                bits.u(value % (1 << width), width)
            else:
                bits.ue(value)
        body = bits.padded()
        return ue7(len(body)) + body


def parse(data: bytes) -> BpgFile:
    """The fields of a sound file."""
    bits = BitReader(data[4:6])
    head = {name: bits.u(width) for name, width in HEAD}
    width, at = read_ue7(data, 6)
    height, at = read_ue7(data, at)
    length, at = read_ue7(data, at)
    extension = b""
    if head["extension"]:
        size, at = read_ue7(data, at)
        extension, at = data[at : at + size], at + size
    size, at = read_ue7(data, at)
    tools = _parse_tools(BitReader(data[at : at + size]))
    units = tuple(unit for unit in data[at + size :].split(START_CODE) if unit)
    return BpgFile(head, width, height, tools, units, extension, length == 0)


def _parse_tools(bits: BitReader) -> tuple[tuple[str, int, int], ...]:
    fields: list[tuple[str, int, int]] = [(name, 0, bits.ue()) for name in BLOCKS]

    def read(name: str, width: int) -> int:
        value = bits.u(width) if width else bits.ue()
        fields.append((name, width, value))
        return value

    read("sao", 1)
    if read("pcm", 1):
        for name, width in PCM:
            read(name, width)
    read("smoothing", 1)
    if read("sps_extension", 1):
        for name, width in RANGE:
            read(name, width)
    return tuple(fields)


def with_tools(file: BpgFile, **values: int) -> BpgFile:
    """The file with other values of fields that it has."""
    tools = tuple((name, width, values.get(name, old)) for name, width, old in file.tools)
    return dataclasses.replace(file, tools=tools)


def with_pcm(file: BpgFile, *values: int) -> BpgFile:
    """The file with PCM switched on; the values are those of PCM's fields."""
    tools = []
    for name, width, value in file.tools:
        tools.append((name, width, 1 if name == "pcm" else value))
        if name == "pcm" and not value:
            tools += [(field, width, new) for (field, width), new in zip(PCM, values, strict=True)]
    return dataclasses.replace(file, tools=tuple(tools))


def with_range_flags(file: BpgFile, flags: int) -> BpgFile:
    """The file with these nine flags of the range extension."""
    kept = tuple(field for field in file.tools if field[0] not in ("sps_extension", *dict(RANGE)))
    values = (
        ("sps_extension", 1, 1),
        *((n, w, v) for (n, w), v in zip(RANGE, (1, 0, flags), strict=True)),
    )
    return dataclasses.replace(file, tools=kept + values)


def unescape(unit: bytes) -> bytes:
    """A NAL unit without its emulation prevention."""
    return unit.replace(b"\0\0\3", b"\0\0")


def escape(unit: bytes) -> bytes:
    """A NAL unit that holds no start code."""
    escaped = bytearray()
    zeros = 0
    for byte in unit:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)


def any_value(width: int, old: int, rng: random.Random) -> int:
    """Another value for a field."""
    if width:
        return rng.randrange(1 << width)
    return rng.choice(
        (0, 1, 2, 3, 4, 5, 6, 7, 31, old + 1, max(old - 1, 0), 1 << 16, (1 << 32) - 2)
    )
