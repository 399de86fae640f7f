"""Colour and depth in .bpg files: chroma formats, matrices, 9 to 12 bits, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trunkline.codecs.abc import sample_type
from trunkline.codecs.bpg import Bpg, chroma, container, encoders, header, x265
from trunkline.codecs.bpg.header import Header
from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.types import Samples

pytest.importorskip("av", reason="the hevc extra is not installed")

SETTINGS = x265.Settings(qp=4, effort=2, lossless=False, block=8)
ORANGE = (200, 120, 40)
# Y, Cb, Cr of that colour, by hand from each recommendation's weights of R and B
BT601, BT709, BT2020 = (134.8, 74.5, 174.5), (131.2, 78.9, 171.6), (136.3, 76.8, 171.2)


def waves(bits: int, *shape: int) -> Samples:
    """A smooth picture over the whole range of `bits`."""
    y, x = np.indices(shape[:2])
    plane = (np.sin(x / 9) + np.cos(y / 7) + 2) / 4 * ((1 << bits) - 1)
    samples: Samples = np.rint(plane).astype(np.uint8 if bits == 8 else np.uint16)
    return samples if len(shape) == 2 else np.stack([samples, samples[::-1], samples // 2], axis=2)


def error(left: Samples, right: Samples, bits: int) -> float:
    """Mean squared error in steps of 8 bits."""
    return float(np.mean((left.astype(float) - right) ** 2) / (1 << (2 * bits - 16)))


def file_of(head: Header, *values: float) -> bytes:
    """A file of planes that hold one value each, written without going through RGB."""
    sampling = chroma.SAMPLING.get(head.pixel_format)
    luma = (head.height, head.width)
    sizes = [luma] + ([sampling.size(*luma)] * 2 if sampling else [])
    planes = [
        np.full(size, round(value), sample_type(head.bit_depth))
        for size, value in zip(sizes, values, strict=True)
    ]
    with encoders.encoder(SETTINGS, head) as encoder:
        return container.write(head, encoder.encode(tuple(planes)))


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("shape", [(1, 1), (37, 51), (33, 20, 3)])
def test_depths_come_back(bits: int, shape: tuple[int, ...]) -> None:
    picture = waves(bits, *shape)
    file = Bpg(qp=12).encode(picture, bits)
    assert Bpg().probe(file) == (shape, bits)
    back = Bpg().decode(file, shape, bits)
    assert back.dtype == picture.dtype
    assert error(back, picture, bits) < 2
    exact = Bpg(lossless=True)
    assert np.array_equal(exact.decode(exact.encode(picture, bits), shape, bits), picture)


@pytest.mark.parametrize(("bits", "kind"), [(9, "u2"), (11, "u2"), (14, "u2"), (16, "u2")])
def test_depths_that_are_not_written(bits: int, kind: str) -> None:
    with pytest.raises(ParameterError, match="10 or 12 in uint16"):
        Bpg().encode(np.zeros((8, 8), kind), bits)


def test_samples_must_fit_their_depth() -> None:
    with pytest.raises(ParameterError, match="1024 has more than 10 bits"):
        Bpg().encode(np.full((8, 8), 1024, np.uint16), 10)


def test_a_depth_without_a_decoder_is_named() -> None:
    file = Bpg().encode(waves(10, 16, 16), 10)
    head = container.read(file).header
    rest = file[len(head.write(len(file))) :]
    with pytest.raises(CorruptFrameError, match="11 bits a sample are not supported"):
        Bpg().decode(replace(head, bit_depth=11).write() + rest, (16, 16), 11)


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("shape", [(1, 1, 3), (33, 47, 3), (64, 64, 3)])
def test_ycc420_keeps_smooth_colour(bits: int, shape: tuple[int, ...]) -> None:
    picture = waves(bits, *shape)
    codec = Bpg(qp=8, ycc420=True)
    file = codec.encode(picture, bits)
    assert container.read(file).header.pixel_format == header.YUV420
    assert error(Bpg().decode(file, shape, bits), picture, bits) < 12


def test_ycc420_leaves_grey_alone_and_excludes_lossless() -> None:
    picture = waves(8, 40, 56)
    assert Bpg(ycc420=True).encode(picture) == Bpg().encode(picture)
    with pytest.raises(ParameterError, match="not both"):
        Bpg(ycc420=True, lossless=True)


@pytest.mark.parametrize("pixel_format", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("color_space", "values"),
    [(header.YCBCR, BT601), (header.BT709, BT709), (header.BT2020, BT2020)],
)
def test_every_chroma_format_and_matrix_is_read(
    pixel_format: int, color_space: int, values: tuple[float, ...]
) -> None:
    file = file_of(Header(24, 16, pixel_format, 8, color_space), *values)
    picture = Bpg().decode(file, (16, 24, 3))
    assert np.abs(picture.reshape(-1, 3).astype(int) - ORANGE).max() <= 3


@pytest.mark.parametrize("pixel_format", [1, 2, 4, 5])
def test_chroma_lies_where_the_format_says(pixel_format: int) -> None:
    sampling = chroma.SAMPLING[pixel_format]
    y, x = np.indices(sampling.size(64, 64)).astype(np.float32)
    # the place of each chroma sample in luma's grid is its value
    x = 2 * x + (0 if sampling.on_columns else 0.5)
    y = 2 * y + 0.5 if sampling.halved_y else y
    full_y, full_x = np.indices((64, 64))
    inside = np.s_[10:-10, 10:-10]
    assert np.abs(chroma.up(x, sampling, 64, 64) - full_x)[inside].max() < 0.05
    assert np.abs(chroma.up(y, sampling, 64, 64) - full_y)[inside].max() < 0.05


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"limited_range": True}, "limited range"),
        ({"color_space": 2}, "color_space 2"),
        ({"pixel_format": header.YUV420}, "RGB in pixel_format 1"),
    ],
)
def test_colours_that_are_not_read_are_named(change: dict[str, int], complaint: str) -> None:
    file = Bpg().encode(waves(8, 16, 16, 3))
    head = container.read(file).header
    rest = file[len(head.write(len(file))) :]
    changed = replace(head, **change)  # type: ignore[arg-type]
    with pytest.raises(CorruptFrameError, match=complaint):
        Bpg().decode(changed.write() + rest, (16, 16, 3))
