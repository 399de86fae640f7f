"""Figure 5: how the trunk's values are distributed, and what 8 bits make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline import quantize
from trunkline_benchmarks.sweep.plots import style
from trunkline_benchmarks.sweep.run import Swept

MOST = 256
"""Pictures, spread evenly: 6 million values and more."""
BINS = 200


def draw(swept: Swept, folder: Path) -> str:
    """Shares of the values, logarithmic; gives the SVG's text."""
    tensors = np.load(swept.features, mmap_mode="r")
    chosen = [tensors[index] for index in _spread(len(tensors))]
    values = np.concatenate([tensor.ravel() for tensor in chosen])
    samples = np.concatenate([quantize.minmax(np.array(it)).samples.ravel() for it in chosen])
    with style.figure(11, 3.6, columns=2) as (made, (left, right)):
        counts, edges = np.histogram(values, BINS)
        left.stairs(counts / len(values), edges, fill=True, color=style.SKY)
        left.set_xlabel("value of the feature tensor")
        counts, edges = np.histogram(samples, np.arange(257) - 0.5)
        right.stairs(counts / len(samples), edges, fill=True, color=style.ORANGE)
        right.set_xlabel("sample after 8-bit min-max quantisation of each tensor")
        for axes in (left, right):
            axes.set_yscale("log")
            axes.set_ylabel("share of the values")
        left.set_title(_title(swept, values, len(chosen)), loc="left")
        right.set_title(f"{100 * _zeros(samples):.1f} % in the commonest sample", loc="left")
        return style.save(made, folder, "histogram")


def _title(swept: Swept, values: NDArray[np.float32], pictures: int) -> str:
    spec = swept.trunk.spec
    zeros = 100 * float(np.mean(values == 0))
    return f"{spec.name} at {spec.cut}, {pictures} pictures, {zeros:.1f} % zeros"


def _zeros(samples: NDArray[np.uint8]) -> float:
    return float(np.bincount(samples).max() / len(samples))


def _spread(count: int) -> list[int]:
    most = min(count, MOST)
    return [index * count // most for index in range(most)]
