"""Figures 3 and 4: elements of each layer's output along the networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trunkline import trunks
from trunkline_benchmarks.plan.layers import INPUT_ELEMENTS, layer_elements
from trunkline_benchmarks.sweep.plots import style

TICKS = {5_000: "5 k", 20_000: "20 k", 100_000: "100 k", 500_000: "500 k", 2_000_000: "2 M"}


def draw(folder: Path) -> str:
    """One panel a network, the cut picked out; gives the SVG's text."""
    names = sorted(trunks.TRUNKS, reverse=True)
    with style.figure(11, 4.4, columns=len(names), sharey=True) as (made, panels):
        for axes, name in zip(panels, names, strict=True):
            _panel(axes, name)
        panels[0].set_ylabel("elements of the output")
        panels[0].set_yscale("log")
        panels[0].set_yticks(list(TICKS), list(TICKS.values()))
        panels[0].minorticks_off()
        return style.save(made, folder, "elements")


def _panel(axes: Any, name: str) -> None:  # noqa: ANN401
    """Points, not bars: a logarithmic axis has no nought that a bar could stand on."""
    layers = layer_elements(name)
    cut = trunks.kind(name).cut
    places = range(len(layers))
    axes.plot(places, [elements for _, elements in layers], "o-", color=style.BLUE, linewidth=1)
    at = [layer for layer, _ in layers].index(cut)
    axes.plot([at], [layers[at][1]], "D", color=style.RED, markersize=9)
    axes.axhline(INPUT_ELEMENTS, color=style.BLACK, linewidth=1, linestyle="--")
    axes.annotate(
        f"input: {INPUT_ELEMENTS}", (1, INPUT_ELEMENTS), (-3, 3),
        xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", fontsize=8,
    )  # fmt: skip
    axes.set_xticks(places, [layer for layer, _ in layers], rotation=90, fontsize=8)
    axes.set_title(f"{name}, cut at {cut}: {layers[at][1]}", loc="left")
