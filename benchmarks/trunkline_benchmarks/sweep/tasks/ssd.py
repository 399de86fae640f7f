"""`ssd`: VOC's mean average precision, and how many objects are the same as uncompressed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.types import Detection, Detections, Result
from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.tasks.abc import Change, Changes, Evaluation, Metric, Outputs
from trunkline_training import bootstrap, voc
from trunkline_training.average_precision import mean_average_precision
from trunkline_training.coco import VOC_NAMES
from trunkline_training.datasets import BOXES
from trunkline_training.grading import Found, found_in, graded

SHOWN = 0.3
"""The score from which on the task tells an object, unless it is asked otherwise."""
SIDE = 224

Box = voc.Box


class Ssd(Evaluation):
    """Rows (picture, label, score, x1, y1, x2, y2) against boxes `[class, x1, ..., difficult]`."""

    truth = BOXES
    steady = "agree"
    metrics = (
        Metric("map", "mAP@.5, 11 points", "%"),
        Metric("agree", "same objects as uncompressed", "%"),
    )

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        names = [VOC_NAMES.get(label, label) for label in labels]
        self._voc = [voc.CLASSES.index(it) if it in voc.CLASSES else -1 for it in names]

    def judge(self, outputs: Outputs, reference: Outputs, truth: Any) -> Row:  # noqa: ANN401
        """VOC's classes only, but for `agree`, which takes every label."""
        found = found_in(outputs[0])
        known = [(self._voc[label], score, box) for label, score, box in found]
        ours, theirs = _shown(found), _shown(found_in(reference[0]))
        return {
            "found": graded([item for item in known if item[0] >= 0], truth),
            "objects": [item[0] for item in truth if not item[-1]],
            "shown": len(ours) + len(theirs),
            "same": 2 * _pairs(ours, theirs),
        }

    def answer(self, outputs: Outputs) -> Result:
        """What the task tells unless it is asked otherwise; boxes in the trunk's pixels."""
        found = _shown(found_in(outputs[0]))
        return Detections(
            tuple(
                Detection(label, self.labels[label], score, _scaled(box))
                for label, score, box in found
            )
        )

    def score(self, rows: Sequence[Row]) -> dict[str, float]:
        """In percent."""
        once = np.ones((1, len(rows)))
        return {
            "map": float(mean_average_precision(rows, once)[0]),
            "agree": float(_agreement(rows, once)[0]),
        }

    def against(self, reference: Sequence[Row], seed: int) -> Changes:
        """By resampled pictures."""
        weights = bootstrap.weights(len(reference), seed)
        base, before = self.score(reference)["map"], mean_average_precision(reference, weights)

        def changes(rows: Sequence[Row]) -> dict[str, Change]:
            resampled = mean_average_precision(rows, weights) - before
            points = self.score(rows)["map"] - base
            return {
                "map": Change(points, *bootstrap.interval(resampled[~np.isnan(resampled)])),
                "agree": Change(
                    self.score(rows)["agree"] - 100,
                    *bootstrap.interval(_agreement(rows, weights) - 100),
                ),
            }

        return changes


def _shown(found: Iterable[Found]) -> list[Found]:
    return [item for item in found if item[1] >= SHOWN]


def _pairs(ours: Sequence[Found], theirs: Sequence[Found]) -> int:
    """How many detections of one side have one of their label, at IoU 0.5, on the other."""
    left = list(theirs)
    for label, _, box in ours:
        fits = [it for it in left if it[0] == label and voc.iou(box, it[2]) >= voc.IOU_THRESHOLD]
        if fits:
            left.remove(max(fits, key=lambda it: voc.iou(box, it[2])))
    return len(theirs) - len(left)


def _agreement(rows: Sequence[Row], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R,) percent of both sides' detections that are in a pair, for (R, N) weights of pictures.

    Of all pictures together: those where neither side shows anything say nothing. 100 where that
    is all of them.
    """
    same, shown = (np.array([row[name] for row in rows], float) for name in ("same", "shown"))
    total: NDArray[np.float64] = weights @ shown
    share: NDArray[np.float64] = np.ones_like(total)
    np.divide(weights @ same, total, out=share, where=total > 0)
    return share * 100


def _scaled(box: Box) -> Box:
    """Fractions to pixels of the trunk's input."""
    x1, y1, x2, y2 = (SIDE * side for side in box)
    return (x1, y1, x2, y2)
