"""How all plots look: readable in print, in grey, and by the colour-blind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure

from trunkline.files import write_bytes

# M. Okabe and K. Ito's palette
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#777777"
RC: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "trunkline",
    "savefig.dpi": 130,
}


@contextmanager
def figure(
    width: float, height: float, columns: int = 1, *, sharey: bool = False
) -> Iterator[tuple[Figure, list[Any]]]:
    """A figure in inches and its axes, closed afterwards."""
    with pyplot.rc_context(RC):
        made, axes = pyplot.subplots(
            1, columns, figsize=(width, height), layout="constrained", sharey=sharey, squeeze=False
        )
        try:
            yield made, list(axes[0])
        finally:
            pyplot.close(made)


def save(made: Figure, folder: Path, name: str) -> str:
    """Write `name`.png and `name`.svg; gives the SVG's text, the same for the same figure."""
    png, svg = io.BytesIO(), io.BytesIO()
    made.savefig(png, format="png", metadata={"Software": None})
    made.set_layout_engine("none")  # the layout is found: once is enough
    made.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    write_bytes(folder / f"{name}.png", png.getvalue())
    write_bytes(folder / f"{name}.svg", svg.getvalue())
    return svg.getvalue().decode()
