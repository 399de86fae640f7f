"""Bicubic weights: what a row of places becomes on fewer places, or on more.

Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), with the
coefficient and the repeated borders that PyTorch's `interpolate` has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COEFFICIENT = -0.75
SMALL = 64
"""Places of both maps, a side of one times a side of the other, up to which one product is faster.

Of 960 channels from 6 places a side to 3: 18 us, and 153 in two (one thread, Zen 5, ONNX Runtime).
"""


def cubic(given: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, given): each row has the weights of one of the wanted places, which sum to 1."""
    matrix = np.zeros((wanted, given))
    centres = (np.arange(wanted) + 0.5) * given / wanted - 0.5
    left = np.floor(centres).astype(int)
    for offset in (-1, 0, 1, 2):
        places = np.clip(left + offset, 0, given - 1)
        np.add.at(matrix, (np.arange(wanted), places), _weight(centres - left - offset))
    return matrix.astype(np.float32)


def whole(given: int, wanted: int) -> NDArray[np.float32]:
    """(given * given, wanted * wanted): the same for all places of a map in one product."""
    matrix = cubic(given, wanted)
    return np.ascontiguousarray(np.kron(matrix, matrix).T)


def is_small(given: int, wanted: int) -> bool:
    """Whether a map is resampled in one product, or its columns first and then its rows."""
    return given * wanted <= SMALL


def macs(channels: int, given: int, wanted: int) -> int:
    """Multiply-accumulates of a whole map (channels, given, given)."""
    each = given * wanted if is_small(given, wanted) else given + wanted
    return channels * each * wanted * given


def _weight(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel at these distances, of at most 2 places."""
    a, x = COEFFICIENT, np.abs(distance)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, far)
