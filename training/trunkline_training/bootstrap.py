"""The paired bootstrap: how far a change could have come from the choice of pictures.

Efron's percentile interval over resampled pictures; both networks keep the same pictures in each
resample, so that what they have in common cancels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
COVERED = (2.5, 97.5)
"""The percentiles between which 95 % of the resamples lie."""


def mean_interval(differences: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % of the mean of (N,) per-picture differences.

    Right or wrong differ by -1, 0 or 1: what matters of a resample is how often it drew each
    value, which is one multinomial draw instead of N.
    """
    values, counts = np.unique(differences, return_counts=True)
    drawn = _draws(counts / counts.sum(), len(differences), RESAMPLES, seed)
    return interval(drawn @ values / len(differences))


def weights(pictures: int, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """(resamples, N): how often each resample drew each picture."""
    return _draws(np.full(pictures, 1 / pictures), pictures, resamples, seed).astype(np.float64)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Where 95 % of the resampled values lie."""
    low, high = np.percentile(values, COVERED)
    return float(low), float(high)


def _draws(shares: NDArray[np.float64], count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).multinomial(count, shares, size=resamples)
