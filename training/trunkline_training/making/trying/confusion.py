"""The confusion matrix as a picture: rows are true classes, each row adds up to 100 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trunkline.text import one_line
from trunkline_training.making.trying import plots
from trunkline_training.making.trying.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

LONGEST_LABEL = 24
NUMBERED = 25
"""Classes up to which the cells carry their numbers."""
LARGE, SMALL = 0.55, 0.17
"""Inches of a cell with a number and of one without."""
LEAST_INCHES = 2.0
BAR_INCHES = (0.15, 2.0)
NAMES_INCHES = 2.4
"""Room for names at the right, before the bar."""
SCALE = "% of the true class's pictures"
DARK = 50
"""Percent from which white letters are read better than black ones."""


def draw(evaluation: Evaluation) -> bytes:
    """A PNG. Labels that neither occur nor are said have no row and no column."""
    counts = np.array(evaluation.confusion)
    shown = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    counts = counts[np.ix_(shown, shown)]
    labels = [one_line(evaluation.labels[place], LONGEST_LABEL) for place in shown]
    numbered = len(shown) <= NUMBERED
    side = max(LEAST_INCHES, len(shown) * (LARGE if numbered else SMALL))
    figure = plots.figure(side, side)
    axes = figure.add_axes((0, 0, 1, 1))  # names and bar lie outside, which is not cut off
    totals = counts.sum(axis=1, keepdims=True)
    percent = 100 * counts / np.maximum(totals, 1)
    image = axes.imshow(np.ma.masked_equal(percent, 0), cmap=_colours(), vmin=0, vmax=100)
    _name(axes, labels, totals[:, 0], four_sides=not numbered)
    if numbered:
        _number(axes, percent)
    width, height = (inches / side for inches in BAR_INCHES)
    left = 1 + (BAR_INCHES[0] if numbered else NAMES_INCHES) / side
    bar = figure.add_axes((left, (1 - height) / 2, width, height))
    figure.colorbar(image, cax=bar, label=SCALE)
    return plots.png(figure)


def _name(axes: Axes, labels: list[str], totals: NDArray[np.intp], *, four_sides: bool) -> None:
    places = range(len(labels))
    size = 7 if four_sides else 10
    rows = [f"{label} ({total})" for label, total in zip(labels, totals, strict=True)]
    # a class may be called $x$, which would be read as a formula
    axes.set_xticks(places, labels, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(places, rows, fontsize=size, parse_math=False)
    axes.tick_params(labeltop=four_sides, labelright=four_sides)
    axes.set_xlabel("said")
    axes.set_ylabel("true (pictures)")
    lines = np.arange(len(labels) + 1) - 0.5
    axes.hlines(lines, -0.5, len(labels) - 0.5, color="#dddddd", linewidth=0.5)
    axes.vlines(lines, -0.5, len(labels) - 0.5, color="#dddddd", linewidth=0.5)


def _colours() -> Colormap:
    """From a blue that is told from white, so that a single picture is seen, to a dark one."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    return ListedColormap(mpl.colormaps["Blues"](np.linspace(0.2, 1, 256)))


def _number(axes: Axes, percent: NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(percent):
        if value:
            colour = "white" if value >= DARK else "black"
            text = f"{value:.1f}" if value < 99.95 else "100"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
