"""Milliseconds on the serving engine before and after, in one run, by turns."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from trunkline.engines.abc import Network
from trunkline_training import bootstrap
from trunkline_training.networks import running

Floats = NDArray[np.float32]
WARM, REPEATS, SEED = 5, 60, 1


def compare(before: bytes, after: bytes, batch: Floats, threads: int) -> dict[str, float]:
    """`ms_before`, `ms`: medians for `batch` (1, C, H, W), a real one; `ms_ratio`: after by before.

    With `ms_ratio_low` and `_high`, between which the ratio of medians lies in 95 % of resampled
    runs. Both see the same noise.
    """
    networks = [running(content, threads) for content in (before, after)]
    times = np.array([[_ms(it, batch) for it in networks] for _ in range(WARM + REPEATS)])[WARM:]
    drawn = np.random.default_rng(SEED).integers(0, REPEATS, (bootstrap.RESAMPLES, REPEATS))
    medians = np.median(times[drawn], axis=1)  # (resamples, 2)
    low, high = bootstrap.interval(medians[:, 1] / medians[:, 0])
    first, second = np.median(times, axis=0)
    found = {"ms_before": first, "ms": second, "ms_ratio": second / first}
    found |= {"ms_ratio_low": low, "ms_ratio_high": high}
    return {name: round(float(value), 4) for name, value in found.items()}


def _ms(network: Network, batch: Floats) -> float:
    start = time.perf_counter()
    network.run(batch)
    return 1000 * (time.perf_counter() - start)
