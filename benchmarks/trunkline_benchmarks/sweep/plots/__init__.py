"""The plots of a sweep, each as PNG and SVG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trunkline_benchmarks.sweep.run import Swept


@dataclass(frozen=True)
class Plot:
    """A plot's SVG and the words under it; `name` is its files'."""

    name: str
    svg: str
    caption: str


CAPTIONS = {
    "accuracy": "Accuracy against bytes. Solid: features, luma; dotted: features, rgb (plane in R, "
    "zeros in G and B); dashed: the picture itself, squashed to 224x224, through the whole "
    "network. The grey line is the uncompressed network.",
    "paper": "Change against the uncompressed network, over size; bars are paired bootstrap "
    "intervals of 95 %. Weights, tails and pictures differ from the paper's.",
    "histogram": "The paper's figure 5: how the trunk's values are distributed, before and after "
    "8-bit quantisation.",
    "elements": "The paper's figures 3 and 4: elements of the output where each network may be "
    "cut. Red: where it is.",
}


def draw(swept: Swept, folder: Path) -> list[Plot]:
    """Draw them all into `folder`."""
    from trunkline_benchmarks.sweep.plots import accuracy, elements, histogram, paper

    drawn = {
        "accuracy": accuracy.draw(swept, folder),
        "paper": paper.draw(swept, folder),
        "histogram": histogram.draw(swept, folder),
        "elements": elements.draw(folder),
    }
    return [Plot(name, svg, CAPTIONS[name]) for name, svg in drawn.items() if svg]
