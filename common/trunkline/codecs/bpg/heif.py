"""The smallest HEIF file around one HEVC picture, and libde265, which libheif hands it to.

ISO/IEC 23008-12 and, for hvcC, ISO/IEC 14496-15, 8.3. The only importer of `pillow_heif`.
"""

from __future__ import annotations

import numpy as np

from trunkline.codecs.bpg import nal
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.container import Still
from trunkline.types import Samples

PROFILE = bytes.fromhex("04 08000000 900600000000 ff")
"""profile_tier_level as our parameter sets have it."""


def decode_grey(still: Still) -> Samples:
    """The coded (H, W) plane of a grey 8-bit file. Raises BitstreamError for damage."""
    import pillow_heif

    try:
        picture = pillow_heif.open_heif(wrap(still))[0]
        samples: Samples = np.asarray(picture)
    except (OSError, ValueError, EOFError, RuntimeError, SyntaxError) as error:
        raise BitstreamError(f"the HEVC stream is damaged ({error})") from error
    size = (still.coded.height, still.coded.width)
    if samples.shape != size or samples.dtype != np.uint8:
        raise BitstreamError(f"a picture of {samples.shape} where {size} was announced")
    return samples


def wrap(still: Still) -> bytes:
    """The file; its picture is the coded one, before the crop."""
    slices = [unit for unit in still.units if nal.kind(unit) != nal.PPS]
    data = b"".join(_u32(len(unit)) + unit for unit in slices)
    kind = _box(b"ftyp", b"heic", _u32(0), b"mif1heic")
    # the offset in iloc has a fixed length, so a first pass with 0 gives the place of the data
    start = len(kind) + len(_meta(still, 0, len(data))) + 8
    return kind + _meta(still, start, len(data)) + _box(b"mdat", data)


def _meta(still: Still, offset: int, length: int) -> bytes:
    """One item, hvc1, at `offset`, and its properties."""
    size = _full(b"ispe", 0, _u32(still.coded.width), _u32(still.coded.height))
    entry = _full(b"infe", 2, b"\0\1\0\0hvc1\0")
    properties = _box(b"ipco", _configuration(still), size)
    return _full(
        b"meta",
        0,
        _full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        _full(b"pitm", 0, b"\0\1"),
        _full(b"iinf", 0, b"\0\1", entry),
        _full(b"iloc", 0, b"\x44\0\0\1\0\1\0\0\0\1", _u32(offset), _u32(length)),
        _box(b"iprp", properties, _full(b"ipma", 0, _u32(1), b"\0\1\2\x81\x82")),
    )


def _configuration(still: Still) -> bytes:
    """hvcC: what the stream is, and its parameter sets."""
    depth = 0xF8 | (still.header.bit_depth - 8)
    sets = (still.vps(), still.sps(), *(u for u in still.units if nal.kind(u) == nal.PPS))
    arrays = b"".join(bytes([0x80 | nal.kind(u), 0, 1]) + _u16(len(u)) + u for u in sets)
    numbers = bytes([0xFC | still.header.chroma_format_idc, depth, depth, 0, 0, 0x0F, len(sets)])
    return _box(b"hvcC", b"\1", PROFILE, b"\xf0\0\xfc", numbers, arrays)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return _u32(8 + len(body)) + kind + body


def _full(kind: bytes, version: int, *parts: bytes) -> bytes:
    """A box with version and flags 0."""
    return _box(kind, bytes([version, 0, 0, 0]), *parts)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")
