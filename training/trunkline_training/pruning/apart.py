"""How far a network's answers are from what they were, where nothing is known of what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

Apart = Callable[[Sequence[Tensor], Sequence[Tensor]], float]
"""Of answers as they were and as they are now, each (N, ...); 0 where they are the same."""
LEAST = 1e-12
"""Variance of answers that do not vary."""


def variance(whole: Sequence[Tensor], now: Sequence[Tensor]) -> float:
    """The share of the answers' variance over pictures that differs; of several, the mean."""
    shares = [
        float(((a - b) ** 2).sum() / (((a - a.mean(dim=0)) ** 2).sum() + LEAST))
        for a, b in zip(whole, now, strict=True)
    ]
    return sum(shares) / len(shares)
