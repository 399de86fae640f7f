"""Mosaics: a tensor's channels tiled row-major in one plane, and the arrangements of that plane."""

from __future__ import annotations

import numpy as np

from trunkline.errors import CorruptFrameError, ParameterError, UnknownNameError
from trunkline.types import Samples, Shape

ARRANGEMENTS = ("luma", "rgb")
DEFAULT_ARRANGEMENT = "luma"


def grid(channels: int) -> tuple[int, int]:
    """Rows and columns of the mosaic: the most nearly 1:2 grid that the channels fill exactly.

    The method's own grids come out of it: 512 -> 16 x 32 (pool4), 32 -> 4 x 8 (bottleneck7).
    """
    if channels < 1:
        raise ParameterError(f"a tensor of {channels} channels has no mosaic: expected at least 1")
    divisors = (rows for rows in range(1, channels + 1) if channels % rows == 0)
    rows = min(divisors, key=lambda rows: abs(np.log2(channels / (2 * rows * rows))))
    return rows, channels // rows


def plane_shape(shape: Shape) -> tuple[int, int]:
    """(height, width) of the mosaic of a (C, H, W) tensor."""
    channels, height, width = shape
    rows, columns = grid(channels)
    return rows * height, columns * width


def mosaic(samples: Samples) -> Samples:
    """Tile (C, H, W) samples to one (rows*H, columns*W) plane."""
    channels, height, width = samples.shape
    rows, columns = grid(channels)
    tiles = samples.reshape(rows, columns, height, width)  # (C, H, W) -> (R, K, H, W)
    # (R, K, H, W) -> (R, H, K, W) -> (R*H, K*W)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3)).reshape(rows * height, columns * width)


def unmosaic(plane: Samples, shape: Shape) -> Samples:
    """Undo `mosaic` for a tensor of (C, H, W) = `shape`."""
    if plane.shape != plane_shape(shape):
        raise CorruptFrameError(
            f"plane is {plane.shape}: expected {plane_shape(shape)} for a tensor of {shape}"
        )
    channels, height, width = shape
    rows, columns = grid(channels)
    tiles = plane.reshape(rows, height, columns, width)  # (R*H, K*W) -> (R, H, K, W)
    # (R, H, K, W) -> (R, K, H, W) -> (C, H, W)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3)).reshape(shape)


def arrange(plane: Samples, arrangement: str) -> Samples:
    """The picture that is coded: the plane itself, or (H, W, 3) with zeros in G and B (`rgb`)."""
    check_arrangement(arrangement)
    if arrangement == "luma":
        return plane
    picture = np.zeros((*plane.shape, 3), plane.dtype)
    picture[..., 0] = plane
    return picture


def unarrange(picture: Samples, arrangement: str) -> Samples:
    """The plane of a decoded picture: itself, or its R."""
    check_arrangement(arrangement)
    return picture if arrangement == "luma" else np.ascontiguousarray(picture[..., 0])


def check_arrangement(arrangement: str) -> None:
    """Raise UnknownNameError for anything but the two known arrangements."""
    if arrangement not in ARRANGEMENTS:
        raise UnknownNameError("arrangement", arrangement, list(ARRANGEMENTS))
