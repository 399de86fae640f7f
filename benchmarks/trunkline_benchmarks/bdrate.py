"""The Bjøntegaard delta rate: how many per cent more bytes one curve takes at equal quality.

G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves", ITU-T SG16 Q.6 document
VCEG-M33 (2001): the mean distance of the logarithms of the rate over the common range of quality.
The logarithms are interpolated by pieces of cubics that overshoot nowhere (PCHIP: F. N. Fritsch and
J. Butland, SIAM J. Sci. Stat. Comput. 5 (1984), with the three-point slopes at the ends that MATLAB
and SciPy have), as ITU-T's working practices (HSTP-VID-WPOM, 2020) do instead of one cubic fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import ParameterError

Floats = NDArray[np.float64]
FEWEST_POINTS = 4
Point = tuple[float, float]
"""Bytes, more than 0, and quality: PSNR in dB, or anything else of which more is better."""


@dataclass(frozen=True)
class DeltaRate:
    """`percent` more bytes than the anchor (less, where negative) for quality `low` to `high`."""

    percent: float
    low: float
    high: float


def delta_rate(
    anchor: Sequence[Point], test: Sequence[Point], within: tuple[float, float] | None = None
) -> DeltaRate:
    """The mean over the qualities that both curves have, and that lie `within` two bounds.

    The points may come in any order. Raises ParameterError for curves of fewer than four
    qualities, or with none in common.
    """
    curves = [_sorted(anchor), _sorted(test)]
    lowest, highest = within or (-math.inf, math.inf)
    low = max(lowest, *(float(quality[0]) for quality, _ in curves))
    high = min(highest, *(float(quality[-1]) for quality, _ in curves))
    if not low < high:
        raise ParameterError(
            f"the curves have no quality in common: expected overlap, one ends at {high:g}, the "
            f"other begins at {low:g}"
        )
    anchor_area, test_area = (area(*curve, low, high) for curve in curves)
    ratio = np.exp((test_area - anchor_area) / (high - low))
    return DeltaRate(100 * (float(ratio) - 1), low, high)


def size_at(points: Sequence[Point], quality: float) -> float | None:
    """The bytes that a curve of four or more qualities takes at one of them; None beyond its ends.

    Raises ParameterError for fewer.
    """
    x, y = _sorted(points)
    if not x[0] <= quality <= x[-1]:
        return None
    left = min(int(np.searchsorted(x, quality, side="right")), len(x) - 1) - 1
    pair = slice(left, left + 2)
    return float(np.exp(_piece(x[pair], y[pair], _slopes(x, y)[pair], np.array([quality]))[0]))


def area(x: Floats, y: Floats, low: float, high: float) -> float:
    """The integral from `low` to `high` of the PCHIP interpolant through (x, y), x ascending."""
    slopes = _slopes(x, y)
    total = 0.0
    for left in range(len(x) - 1):
        begin, end = max(low, float(x[left])), min(high, float(x[left + 1]))
        if begin < end:
            at = np.array([begin, (begin + end) / 2, end])
            values = _piece(x[left : left + 2], y[left : left + 2], slopes[left : left + 2], at)
            total += (end - begin) / 6 * float(values @ [1, 4, 1])  # Simpson: exact for cubics
    return total


def _sorted(points: Sequence[Point]) -> tuple[Floats, Floats]:
    """Qualities ascending, each once (its fewest bytes), and the logarithms of their bytes."""
    best: dict[float, float] = {}
    for size, quality in points:
        best[quality] = min(size, best.get(quality, size))
    if len(best) < FEWEST_POINTS:
        raise ParameterError(
            f"a curve has {len(best)} different qualities: expected {FEWEST_POINTS} or more"
        )
    qualities = sorted(best)
    return np.array(qualities), np.log([best[quality] for quality in qualities])


def _slopes(x: Floats, y: Floats) -> Floats:
    """PCHIP's derivative at each of three or more points."""
    h = np.diff(x)
    d = np.diff(y) / h
    inner = np.zeros(len(x) - 2)
    same = d[:-1] * d[1:] > 0  # at a turn of the curve the slope is 0
    before, after = (2 * h[1:] + h[:-1])[same], (h[1:] + 2 * h[:-1])[same]
    inner[same] = (before + after) / (before / d[:-1][same] + after / d[1:][same])
    first, last = _end(h[0], h[1], d[0], d[1]), _end(h[-1], h[-2], d[-1], d[-2])
    return np.array([first, *inner, last])


def _end(h: float, next_h: float, d: float, next_d: float) -> float:
    """The slope at an end: of the parabola through three points, limited to keep the shape."""
    slope = ((2 * h + next_h) * d - h * next_d) / (h + next_h)
    if slope * d <= 0:
        return 0.0
    if d * next_d <= 0 and abs(slope) > 3 * abs(d):
        return 3 * d
    return slope


def _piece(x: Floats, y: Floats, slopes: Floats, at: Floats) -> Floats:
    """Hermite's cubic between two points."""
    width = x[1] - x[0]
    t = (at - x[0]) / width
    rise: Floats = y[0] * (1 + 2 * t) * (1 - t) ** 2 + y[1] * t**2 * (3 - 2 * t)
    bend: Floats = width * (slopes[0] * t * (1 - t) ** 2 + slopes[1] * t**2 * (t - 1))
    return rise + bend
