"""Accuracy against bytes: features and pictures on the same axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trunkline_benchmarks.sweep import compare
from trunkline_benchmarks.sweep.plots import style
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.settings import BASELINE, REFERENCE
from trunkline_benchmarks.sweep.summary import Point

COLOURS = {
    "bpg": style.BLUE,
    "webp": style.RED,
    "jpeg": style.BLACK,
    "avif": style.GREEN,
}
MARKERS = ("o", "D", "P", "v", "X", "*")
OTHER_COLOURS = (style.PURPLE, style.ORANGE, style.SKY, style.GREY)
KNEE = 15.0
"""Points below the uncompressed network that the close view shows."""


def draw(swept: Swept, folder: Path) -> str:
    """The whole range, and beside it the knee; gives the SVG's text."""
    points, metric = swept.points, swept.evaluation.metrics[0]
    base = next(it.scores[metric.name] for it in points if it.setting.key == REFERENCE.key)
    jpeg = next(it.payload_bytes for it in points if it.setting.key == BASELINE.key)
    near = _near(points, metric.name, base - KNEE) if swept.evaluation.has_tail else []
    with style.figure(11, 4.8, columns=2 if near else 1) as (made, panels):
        for axes in panels:
            _curves(axes, points, metric.name)
            if swept.evaluation.has_tail:
                axes.axhline(base, color=style.GREY, linewidth=1)
            axes.axvline(jpeg, color=style.GREY, linewidth=1, linestyle=":")
            axes.set_xscale("log")
            axes.set_xlabel("mean bytes a picture (payload)")
            axes.set_ylabel(f"{metric.title}, {metric.unit}")
            _ticks(axes)
        made.suptitle(f"{swept.config.trunk}/{swept.config.weights}, {swept.data.title}")
        panels[0].annotate(
            "JPEG q 75", (jpeg, 0), (3, 3), xycoords=("data", "axes fraction"),
            textcoords="offset points", rotation=90, color=style.GREY, fontsize=8,
        )  # fmt: skip
        if near:
            panels[1].set_ylim(base - KNEE, base + 2)
            panels[1].set_xlim(min(near) / 1.5, max(near) * 1.1)
        made.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        return style.save(made, folder, "accuracy")


def _shown(points: Sequence[Point], metric: str) -> dict[str, compare.Curve]:
    """What is coded, also where it is one point: floats and answers lie far from all of it."""
    coded = [point for point in points if point.setting.way in ("features", "picture")]
    return compare.curves(coded, metric, fewest=1)


def _near(points: Sequence[Point], metric: str, score: float) -> list[float]:
    """The bytes of the curves' points with at least this score."""
    return [
        size
        for curve in _shown(points, metric).values()
        for size, reached in curve
        if reached >= score
    ]


def _curves(axes: Any, points: Sequence[Point], metric: str) -> None:  # noqa: ANN401
    drawn: Counter[tuple[str, str, str]] = Counter()
    for place, (name, curve) in enumerate(_shown(points, metric).items()):
        setting = next(point.setting for point in points if point.setting.curve == name)
        kind = (setting.way, setting.codec, setting.arrangement)
        before = drawn[kind]  # curves of this colour that differ in another parameter
        drawn[kind] += 1
        colour = COLOURS.get(setting.codec, OTHER_COLOURS[place % len(OTHER_COLOURS)])
        picture, rgb = setting.way == "picture", setting.arrangement == "rgb"
        sizes, scores = zip(*curve, strict=True)
        axes.plot(
            sizes,
            scores,
            label=name,
            color=colour,
            linestyle="--" if picture else ":" if rgb else "-." if before else "-",
            linewidth=1.2 if picture or rgb else 2,
            marker="s" if picture else "^" if rgb else MARKERS[before % len(MARKERS)],
            markersize=4.5,
            markerfacecolor="white" if picture or rgb else colour,
        )


def _ticks(axes: Any) -> None:  # noqa: ANN401
    """Bytes as people write them."""
    axes.set_xticks(
        [100, 300, 1000, 3000, 10_000, 30_000], ["100", "300", "1 k", "3 k", "10 k", "30 k"]
    )
    axes.minorticks_off()
