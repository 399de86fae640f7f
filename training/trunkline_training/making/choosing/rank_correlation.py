"""Whether two lists of figures put the same things in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import ParameterError


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation, -1 to 1; equal values share the mean of their ranks.

    Raises ParameterError for lists of other lengths, fewer than two values, NaN, and a list of one
    value alone, which has no order.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ParameterError(
            f"ranks of {first.shape} and {second.shape} values: expected as many, two at least"
        )
    if np.isnan(first).any() or np.isnan(second).any():
        raise ParameterError("NaN among the values to be ranked: expected numbers")
    x, y = _centred_ranks(first), _centred_ranks(second)
    spread = np.sqrt(np.dot(x, x) * np.dot(y, y))
    if not spread:
        raise ParameterError("all values are equal: expected two different ones at least")
    return float(np.clip(np.dot(x, y) / spread, -1, 1))


def _centred_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[places]
    centred: NDArray[np.float64] = ranks - (len(values) + 1) / 2
    return centred
