"""Curves of accuracy over bytes, and what they say at equal bytes and at equal accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from trunkline.errors import ParameterError
from trunkline_benchmarks.bdrate import DeltaRate, delta_rate
from trunkline_benchmarks.sweep.summary import Point

Curve = Sequence[tuple[float, float]]
"""Mean payload bytes and score, bytes ascending."""
FEWEST = 3
"""Points that make a curve."""


def curves(points: Sequence[Point], metric: str, fewest: int = FEWEST) -> dict[str, Curve]:
    """The curves by name, those with fewer points than `fewest` left out."""
    grouped: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        place = (point.payload_bytes, point.scores[metric])
        grouped.setdefault(point.setting.curve, []).append(place)
    return {name: sorted(places) for name, places in grouped.items() if len(places) >= fewest}


def at_bytes(curve: Curve, size: float) -> float | None:
    """The score at `size` bytes, interpolated over the logarithm of the bytes; None outside."""
    sizes, scores = zip(*curve, strict=True)
    if not sizes[0] <= size <= sizes[-1]:
        return None
    return float(np.interp(np.log(size), np.log(sizes), scores))


def bytes_for(curve: Curve, score: float) -> float | None:
    """The fewest bytes with which the curve reaches `score`; None where it never does.

    Interpolated over the logarithm of the bytes. A curve that lies above with its first point
    gives that point's bytes, which is then an upper bound.
    """
    size, low = curve[0]
    if low >= score:
        return size
    for (size, low), (next_size, high) in pairwise(curve):
        if high >= score:
            share = (score - low) / (high - low)
            return float(np.exp(np.log(size) + share * (np.log(next_size) - np.log(size))))
    return None


def better(curve: Curve) -> Curve:
    """The points that score more than every cheaper one.

    Where a curve is flat, chance alone orders its scores; bytes at equal score mean nothing there.
    """
    kept: list[tuple[float, float]] = []
    for size, score in curve:
        if not kept or score > kept[-1][1]:
            kept.append((size, score))
    return kept


def delta_rates(
    found: Mapping[str, Curve], anchor: str, within: tuple[float, float]
) -> dict[str, DeltaRate | None]:
    """Each curve's Bjøntegaard delta rate against the curve `anchor`, for scores `within`.

    None where there are too few points or no score in common.
    """
    rates: dict[str, DeltaRate | None] = {}
    for name, curve in found.items():
        try:
            rates[name] = delta_rate(better(found[anchor]), better(curve), within)
        except ParameterError:
            rates[name] = None
    return rates
