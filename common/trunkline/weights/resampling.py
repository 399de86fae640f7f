"""Bicubic weights: what a row of places becomes on fewer places, or on more.

Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), with the
coefficient and the repeated borders that PyTorch's `interpolate` has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COEFFICIENT = -0.75


def cubic(given: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, given): each row has the weights of one of the wanted places, which sum to 1."""
    matrix = np.zeros((wanted, given))
    centres = (np.arange(wanted) + 0.5) * given / wanted - 0.5
    left = np.floor(centres).astype(int)
    for offset in (-1, 0, 1, 2):
        places = np.clip(left + offset, 0, given - 1)
        np.add.at(matrix, (np.arange(wanted), places), _weight(centres - left - offset))
    return matrix.astype(np.float32)


def macs(channels: int, given: int, wanted: int) -> int:
    """Multiply-accumulates of a whole map (channels, given, given), columns first."""
    return channels * (given + wanted) * wanted * given


def _weight(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel at these distances, of at most 2 places."""
    a, x = COEFFICIENT, np.abs(distance)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, far)
