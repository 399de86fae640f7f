"""The reliability diagram: how often answers of a confidence are right."""

from __future__ import annotations

from trunkline_training.making.trying import plots
from trunkline_training.making.trying.scores import BINS, Calibration

RIGHT, COUNT = "#0072b2", "#999999"


def draw(calibration: Calibration) -> bytes:
    """A PNG: accuracy by bin beside the diagonal of perfect calibration, pictures below."""
    figure = plots.figure(5.2, 5.8, constrained=True)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = calibration.bins
    edges, width = [each.low for each in bins], 1 / BINS
    look = {"width": width, "align": "edge", "edgecolor": "white"}
    upper.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="perfect")
    upper.bar(edges, [each.accuracy for each in bins], color=RIGHT, label="right", **look)
    means = [each.confidence for each in bins], [each.accuracy for each in bins]
    upper.plot(*means, "o", color="black", markersize=4, label="at its mean confidence")
    upper.set_ylabel("share of right answers")
    upper.set_ylim(0, 1.02)
    upper.set_title(f"Expected calibration error {calibration.error:.2f} %")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    lower.bar(edges, [each.pictures for each in bins], color=COUNT, **look)
    lower.set_ylabel("pictures")
    lower.set_xlabel("confidence (softmax of the answer)")
    lower.set_xlim(0, 1)
    return plots.png(figure)
