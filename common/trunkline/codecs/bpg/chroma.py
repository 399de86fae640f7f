"""Chroma planes with fewer samples than luma: where these lie, up to luma's grid and down again.

What is between the samples is the decoder's to choose; these are the reference decoder's filters,
so that pictures come out as they do there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.floating[Any]]
Taps = tuple[int, ...]

# Filters of eight taps, in 64ths, for a place at or near the fourth of the samples they cover.
AT = (0, 0, 0, 64, 0, 0, 0, 0)
BEFORE = (2, -6, 18, 57, -10, 4, -1, 0)
"""A quarter of a sample before it."""
BEHIND = (-1, 4, -10, 57, 18, -6, 2, 0)
"""A quarter of a sample behind it."""
HALF_WAY = (-1, 4, -11, 40, 40, -11, 4, -1)
"""Between it and the next one."""
BACK, AHEAD = 3, 4
"""Samples that a filter covers on either side of the fourth."""


@dataclass(frozen=True)
class Sampling:
    """How chroma lies in luma's grid: halved or not along x and y."""

    halved_x: bool
    halved_y: bool
    on_columns: bool = False
    """MPEG-2's position: chroma samples lie on every other luma column, not between two."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of a chroma plane beside luma of this size."""
        return -(-height // (1 + self.halved_y)), -(-width // (1 + self.halved_x))


SAMPLING = {
    1: Sampling(True, True),
    2: Sampling(True, False),
    3: Sampling(False, False),
    4: Sampling(True, True, on_columns=True),
    5: Sampling(True, False, on_columns=True),
}
"""By BPG's pixel_format."""


def up(plane: Plane, sampling: Sampling, height: int, width: int) -> Plane:
    """A chroma plane on luma's (height, width) grid."""
    if sampling.halved_x:
        pair = (AT, HALF_WAY) if sampling.on_columns else (BEFORE, BEHIND)
        plane = _doubled(plane.T, *pair).T
    if sampling.halved_y:
        plane = _doubled(plane, BEFORE, BEHIND)
    return plane[:height, :width]


def down(plane: Plane) -> Plane:
    """Half of an even-sized plane's rows and columns, each between two of the old ones (4:2:0)."""
    height, width = plane.shape
    image = Image.fromarray(np.ascontiguousarray(plane))
    return np.asarray(image.resize((width // 2, height // 2), Image.Resampling.LANCZOS))


def _doubled(plane: Plane, even: Taps, odd: Taps) -> Plane:
    """Twice the rows: those of even number by one filter, those of odd number by the other."""
    rows = len(plane)
    padded = np.pad(plane, ((BACK, AHEAD), (0, 0)), mode="edge")
    doubled = np.empty((2 * rows, plane.shape[1]), np.float32)
    for start, taps in enumerate((even, odd)):
        doubled[start::2] = sum(tap / 64 * padded[k : k + rows] for k, tap in enumerate(taps))
    return doubled
