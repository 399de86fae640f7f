"""The delta rate against curves whose integrals are known without a computer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trunkline.errors import ParameterError
from trunkline_benchmarks.bdrate import area, delta_rate, size_at

ANCHOR = [(1000.0, 30.0), (2000.0, 33.0), (5000.0, 36.5), (9000.0, 41.0), (20000.0, 45.0)]


def test_a_parabola() -> None:
    """Through (0, 0), (1, 1), (2, 4): slopes 0, 2 / (1/1 + 1/3) = 1.5 and (3*3 - 1) / 2 = 4.

    A Hermite piece of width 1 has the area (y0 + y1) / 2 + (s0 - s1) / 12: 1/2 - 1.5/12 = 3/8
    and 5/2 - 2.5/12 = 55/24. Half of the first piece: 1.5 * (t^3 - t^2) + 3 t^2 - 2 t^3 = 1.5 t^2
    - 0.5 t^3, whose area up to 1/2 is 1/16 - 1/128.
    """
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
    assert area(x, y, 0.0, 1.0) == pytest.approx(3 / 8)
    assert area(x, y, 0.0, 2.0) == pytest.approx(3 / 8 + 55 / 24)
    assert area(x, y, 0.0, 0.5) == pytest.approx(1 / 16 - 1 / 128)


def test_a_turn_is_not_overshot() -> None:
    """The slope at a peak is 0, so the curve through 0, 1, 0 stays at or below 1.

    The ends' parabola has the slope 2 there: each half has the area 1/2 + (2 - 0) / 12 = 2/3.
    """
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])
    assert area(x, y, 0.0, 2.0) == pytest.approx(4 / 3)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.25])
def test_a_constant_factor(factor: float) -> None:
    """Scaled bytes are a shift of the logarithms: the factor is what comes out, on any curve."""
    found = delta_rate(ANCHOR, [(factor * size, quality) for size, quality in ANCHOR])
    assert found.percent == pytest.approx(100 * (factor - 1), abs=1e-9)
    assert (found.low, found.high) == (30.0, 45.0)


def test_straight_lines_over_their_common_range() -> None:
    """log10 of bytes is q/20 for one, q/10 - 1.5 for the other: the mean distance over 30..36 dB is
    that at 33 dB, 33/20 - 1.5 = 0.15, hence 10^0.15 - 1 = 41.25 %; points in any order."""
    anchor = [(10 ** (q / 20), q) for q in (36.0, 30.0, 24.0, 27.5)]
    test = [(10 ** (q / 10 - 1.5), q) for q in (30.0, 35.0, 40.0, 31.0, 50.0)]
    found = delta_rate(anchor, test)
    assert found.percent == pytest.approx(100 * (10**0.15 - 1))
    assert (found.low, found.high) == (30.0, 36.0)
    back = delta_rate(test, anchor)
    assert (1 + found.percent / 100) * (1 + back.percent / 100) == pytest.approx(1)


def test_within_bounds() -> None:
    """The same two lines from 31 to 33 dB only: the distance at 32 dB, 32/20 - 1.5 = 0.1."""
    anchor = [(10 ** (q / 20), q) for q in (36.0, 30.0, 24.0, 27.5)]
    test = [(10 ** (q / 10 - 1.5), q) for q in (30.0, 35.0, 40.0, 31.0)]
    found = delta_rate(anchor, test, (31.0, 33.0))
    assert found.percent == pytest.approx(100 * (10**0.1 - 1))
    assert (found.low, found.high) == (31.0, 33.0)
    assert delta_rate(anchor, test, (0.0, 33.0)).low == 30.0
    with pytest.raises(ParameterError, match="no quality in common"):
        delta_rate(anchor, test, (36.0, 50.0))


def test_size_at_a_quality() -> None:
    line = [(10 ** (q / 20), q) for q in (36.0, 30.0, 24.0, 27.5)]
    assert size_at(line, 32.0) == pytest.approx(10**1.6)
    assert [size_at(ANCHOR, quality) for quality in (30.0, 36.5, 45.0)] == pytest.approx(
        [1000, 5000, 20000]
    )
    assert size_at(ANCHOR, 29.9) is None
    assert size_at(ANCHOR, 45.1) is None


def test_dearer_points_of_equal_quality_do_not_count() -> None:
    assert delta_rate([*ANCHOR, (50000.0, 36.5)], ANCHOR).percent == pytest.approx(0)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ([(1.0, 50.0), (2.0, 51.0), (3.0, 52.0), (4.0, 53.0)], "no quality in common"),
        (ANCHOR[:3], "a curve has 3 different qualities: expected 4 or more"),
    ],
)
def test_what_is_refused(test: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        delta_rate(ANCHOR, test)


def test_a_slope_is_limited_at_the_ends() -> None:
    """Through (0, 0), (1, 1), (1.1, 0), ...: the parabola's slope at 0 would be (2.1 + 10) / 1.1 =
    11; three times the secant's is the most that keeps the shape: 1/2 + 3/12 = 3/4."""
    x, y = np.array([0.0, 1.0, 1.1, 2.0]), np.array([0.0, 1.0, 0.0, 0.0])
    assert area(x, y, 0.0, 1.0) == pytest.approx(0.75)
    assert math.isclose(area(x, y, 1.1, 2.0), 0.0, abs_tol=1e-12)
