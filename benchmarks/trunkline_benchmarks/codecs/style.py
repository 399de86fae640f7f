"""How curves are drawn: a colour for each codec, a line and a marker for each of its curves."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline_benchmarks.codecs.results import Point
from trunkline_benchmarks.codecs.settings import RATE_BASELINE

COLOURS = {
    "bpg": "#000000",
    "avif": "#d55e00",
    "heif": "#cc79a7",
    "jpeg": "#999999",
    "jpeg2000": "#b8860b",
    "jpegxl": "#0072b2",
    "png": "#7a4f9e",
    "raw": "#5b5b5b",
    "webp": "#009e73",
}
"""Okabe and Ito's, which people tell apart whatever colours they see, and a few more."""
OTHERS = ("#56b4e9", "#8c2d04", "#e0a000", "#4d7f17")
LINES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (5, 1, 1, 1, 1, 1)), "v"))


def colour(point: Point) -> str:
    """The colour of the point's codec; one without any gets the same in every plot."""
    codec = str(point.setting["codec"])
    return COLOURS.get(codec, OTHERS[zlib.crc32(codec.encode()) % len(OTHERS)])


def styled(
    curves: Mapping[str, Sequence[Point]],
) -> Iterator[tuple[Sequence[Point], dict[str, Any]]]:
    """Each curve's points and matplotlib's words for its line."""
    drawn: Counter[str] = Counter()
    for name, points in curves.items():
        codec = str(points[0].setting["codec"])
        line, marker = LINES[drawn[codec] % len(LINES)]
        drawn[codec] += 1
        yield (
            points,
            {
                "color": colour(points[0]),
                "label": name,
                "linestyle": line,
                "linewidth": 2.4 if name == RATE_BASELINE else 1.3,
                "marker": marker,
                "markersize": 3.5,
            },
        )
