"""Mosaics and arrangements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline import tiling
from trunkline.errors import CorruptFrameError, ParameterError, UnknownNameError


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(512, (16, 32)), (32, (4, 8)), (1, (1, 1)), (2, (1, 2)), (7, (1, 7)), (96, (6, 16))],
)
def test_grids(channels: int, expected: tuple[int, int]) -> None:
    assert tiling.grid(channels) == expected


@pytest.mark.parametrize(
    ("shape", "expected"), [((512, 14, 14), (224, 448)), ((32, 28, 28), (112, 224))]
)
def test_the_papers_planes(shape: tuple[int, int, int], expected: tuple[int, int]) -> None:
    assert tiling.plane_shape(shape) == expected


def test_channels_lie_row_major() -> None:
    samples = np.arange(32, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    plane = tiling.mosaic(samples)
    np.testing.assert_array_equal(plane[::28, ::28], np.arange(32).reshape(4, 8))


def test_pixels_of_a_channel_keep_their_places() -> None:
    samples = np.arange(32 * 28 * 28, dtype=np.uint16).reshape(32, 28, 28)
    plane = tiling.mosaic(samples)
    # channel 10 is tile (1, 2) of the 4 x 8 grid
    np.testing.assert_array_equal(plane[28:56, 56:84], samples[10])


SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 9), st.integers(1, 9))


@given(SHAPES, st.sampled_from(tiling.ARRANGEMENTS), st.sampled_from([np.uint8, np.uint16]))
def test_what_is_tiled_and_arranged_comes_back(
    shape: tuple[int, int, int], arrangement: str, kind: type[np.uint8]
) -> None:
    count = int(np.prod(shape))
    samples = (np.arange(count) * 7919 % 65521).astype(kind).reshape(shape)
    picture = tiling.arrange(tiling.mosaic(samples), arrangement)
    plane = tiling.unarrange(picture, arrangement)
    np.testing.assert_array_equal(tiling.unmosaic(plane, shape), samples)


def test_rgb_has_the_plane_in_red_and_zeros_elsewhere() -> None:
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = tiling.arrange(plane, "rgb")
    np.testing.assert_array_equal(picture[..., 0], plane)
    assert not picture[..., 1:].any()


def test_a_plane_of_another_size_is_refused() -> None:
    with pytest.raises(CorruptFrameError, match=r"expected \(112, 224\)"):
        tiling.unmosaic(np.zeros((112, 223), np.uint8), (32, 28, 28))


def test_unknown_arrangements_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="luma, rgb"):
        tiling.arrange(np.zeros((1, 1), np.uint8), "yuv")


def test_no_channels_make_no_mosaic() -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        tiling.grid(0)
