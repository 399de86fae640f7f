"""Our curves beside the published ones: change of accuracy over size in percent of JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trunkline_benchmarks.sweep import published
from trunkline_benchmarks.sweep.plots import style
from trunkline_benchmarks.sweep.plots.accuracy import COLOURS
from trunkline_benchmarks.sweep.published import PublishedTable, titled
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.summary import Point


def draw(swept: Swept, folder: Path) -> str:
    """One panel a codec that both have; empty where there is nothing to compare."""
    points, metric = swept.points, swept.evaluation.metrics[0]
    codecs = {point.setting.codec for point in points if point.setting.way == "features"}
    published_ones = published.tables(swept.config.task, swept.config.trunk)
    tables = [table for table in published_ones if table.codec in codecs]
    if not tables:
        return ""
    with style.figure(11, 4.2, columns=len(tables), sharey=True) as (made, panels):
        for axes, table in zip(panels, tables, strict=True):
            _published(axes, table, swept.config.trunk, metric.name)
            for arrangement in ("luma", "rgb"):
                _ours(axes, points, table, arrangement, metric.name)
            axes.axhline(0, color=style.GREY, linewidth=1)
            axes.set_xscale("log")
            axes.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
            axes.minorticks_off()
            axes.set_xlabel("size, % of the 224x224 input as JPEG")
            axes.set_title(titled(table.codec), loc="left")
            axes.legend(loc="lower right")
        panels[0].set_ylabel(f"change of {metric.title}, points")
        return style.save(made, folder, "paper")


def _published(axes: Any, table: PublishedTable, trunk: str, metric: str) -> None:  # noqa: ANN401
    base = published.accuracy(trunk, metric)
    if base is not None:
        sizes = [row["percent"] for row in table.rows]
        changes = [row[metric] - base[0] for row in table.rows]
        axes.plot(sizes, changes, "--x", color=style.BLACK, label=f"paper, table {table.number}")


def _ours(
    axes: Any,  # noqa: ANN401
    points: Sequence[Point],
    table: PublishedTable,
    arrangement: str,
    metric: str,
) -> None:
    """With the intervals of 95 %."""
    name = f"features {table.codec} {arrangement}"
    chosen = sorted(
        (point for point in points if point.setting.curve == name), key=lambda it: it.percent
    )
    if not chosen:
        return
    changes = [point.changes[metric] for point in chosen]
    below = [change.points - change.low for change in changes]
    above = [change.high - change.points for change in changes]
    axes.errorbar(
        [point.percent for point in chosen],
        [change.points for change in changes],
        yerr=[below, above],
        color=COLOURS[table.codec],
        linestyle="-" if arrangement == "luma" else ":",
        marker="o" if arrangement == "luma" else "^",
        markersize=4.5,
        capsize=2,
        label=f"ours, {arrangement}",
    )
