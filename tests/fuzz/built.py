"""Files that our encoders never write: BPG field by field, other containers, headers that lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np

from tests.fuzz import bpg_file, seeds, sizes
from tests.fuzz.bpg_file import BpgFile
from tests.fuzz.seeds import SMALL
from trunkline import codecs
from trunkline.codecs import PictureCodec
from trunkline.codecs.bpg import container, encoders, header, x265
from trunkline.codecs.bpg.header import Header
from trunkline.types import ParameterValue, Samples

GIANT = 8192
"""Pixels a side of pictures that no frame may hold."""
PLANE = (112, 224)
"""What a frame around a giant says instead."""
PREFIX_SEI, DELIMITER, FILLER = (
    b"\x4e\x01\x05\x04abcd\x80",
    b"\x46\x01\x50",
    b"\x4c\x01\xff\xff\x80",
)
GIANTS: dict[str, dict[str, Any]] = {
    "avif": {"speed": 10, "quality": 1},
    "bpg": {"qp": 51},
    "heif": {"quality": 0},
    "jpegxl": {"lossless": True, "effort": 1},
    "webp": {"lossless": True, "quality": 0, "method": 0},
}
OVERSIZE_JXL = b"".join(
    (
        bytes.fromhex("ff0a7803be81a4b81100140100208007708200c401080c"),
        bytes(97),
        bytes.fromhex(
            "d36b0900800a9551c60d5ecef57cf9a1c362dac67586b6dab6b09215292828dc43cf881763b0c6a3"
            "b48320c802000073535e18eb740a708f8fbc4fd281700fe1b1503498e9120daf6b0f1a5d271f0fa1"
            "bb63d61b85af5740fd26fe7f4ac320dae969837c1891919f2efbca5948b1c3ff030c04c3ca00c413"
            "b582f9827dd7fffff4c714003069b4f3b29194999489d87701012509"
        ),
    )
)
"""A JPEG XL picture of 112 x 224 whose one frame has 2048 x 2048 samples: 268 bytes, 0.1 s."""

File = tuple[str, bytes, tuple[int, ...]]


def files() -> Iterator[File]:
    """Name, which begins with the codec's, payload, and the picture's shape."""
    yield from _bpg_variants()
    yield from _bpg_colours()
    plane = seeds.plane_of(SMALL)
    boxed = imagecodecs.jpegxl_encode(plane, distance=2.0, usecontainer=True, numthreads=1)
    yield "jpegxl-boxed", bytes(boxed), plane.shape
    levels = imagecodecs.jpeg2k_encode(plane, level=40, codecformat="j2k", resolutions=3)
    yield "jpeg2000-levels", bytes(levels), plane.shape
    yield "jpegxl-oversize", OVERSIZE_JXL, PLANE
    for codec, payload in _giants():
        yield f"{codec}-giant", payload, PLANE
        lying = sizes.resized(codec, payload, *PLANE)
        if lying is not None:
            yield f"{codec}-lying", lying, PLANE


def picture_codec(id: str, **params: ParameterValue) -> PictureCodec:
    """The picture codec of that name."""
    codec = codecs.get(id, **params)
    assert isinstance(codec, PictureCodec)
    return codec


def _bpg_variants() -> Iterator[File]:
    plane = seeds.plane_of(SMALL)
    file = bpg_file.parse(picture_codec("bpg", qp=30, effort=0).encode(plane))
    for name, built in _variants(file):
        yield f"bpg-built-{name}", built.write(), plane.shape


def _variants(file: BpgFile) -> Iterator[tuple[str, BpgFile]]:
    pps, slice_ = file.units
    yield "open", dataclasses.replace(file, open_ended=True)
    yield "measured", dataclasses.replace(file, open_ended=False)
    head = {**file.head, "extension": 1}
    yield "extended", dataclasses.replace(file, head=head, extension=b"\1\3abc\x84\x1e\0")
    yield "limited", dataclasses.replace(file, head={**file.head, "limited_range": 1})
    units = (DELIMITER, pps, PREFIX_SEI, slice_, FILLER)
    yield "units", dataclasses.replace(file, units=units)
    yield "pps-twice", dataclasses.replace(file, units=(pps, pps, slice_))
    yield "pcm", bpg_file.with_pcm(file, 7, 7, 0, 0, 1)
    yield "range", bpg_file.with_range_flags(file, 0)
    yield "rotation", bpg_file.with_range_flags(file, 0b100000000)
    yield "rdpcm", bpg_file.with_range_flags(file, 0b001000000)
    yield "deep", bpg_file.with_tools(file, transform_depth=2)


def _bpg_colours() -> Iterator[File]:
    """Every chroma format, position and matrix, and the depths between."""
    plane = seeds.plane_of(SMALL)
    colour = np.stack([plane, plane[::-1], 255 - plane], axis=2)
    full = bpg_file.parse(picture_codec("bpg", qp=30).encode(colour))
    half = bpg_file.parse(picture_codec("bpg", qp=30, ycc420=True).encode(colour))
    for space in (0, 2, 3, 4):
        built = dataclasses.replace(full, head={**full.head, "color_space": space})
        yield f"bpg-built-space{space}", built.write(), colour.shape
    built = dataclasses.replace(half, head={**half.head, "pixel_format": 4, "color_space": 3})
    yield "bpg-built-format4", built.write(), colour.shape
    yield "bpg-built-format2", _bpg_422(), (16, 32, 3)


def _bpg_422() -> bytes:
    """A picture of 16 x 32 in 4:2:2, which our encoder does not offer and our decoder reads."""
    head = Header(32, 16, 2, 8, header.YCBCR)
    y, x = np.indices((16, 32))
    luma: Samples = (y * 9 + x * 5).astype(np.uint8)
    planes = (luma, luma[:, ::2], 255 - luma[:, ::2])
    settings = x265.Settings(28, 2, False, x265.min_block(2, 16, 32))
    with encoders.encoder(settings, head) as encoder:
        return container.write(head, encoder.encode(planes))


def _giants() -> Iterator[tuple[str, bytes]]:
    """One-coloured pictures of 64 megapixels: hundreds of bytes that ask for hundreds of MB."""
    plane = np.zeros((GIANT, GIANT), np.uint8)
    for codec, params in GIANTS.items():
        yield codec, picture_codec(codec, **params).encode(plane)
