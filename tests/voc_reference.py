"""VOC's mean average precision written out plainly, to hold the one over resamples against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trunkline_training.voc import CLASSES, IOU_THRESHOLD, Box, Truth, iou


@dataclass(frozen=True)
class Found:
    """One detection in the picture `image`, its box in the same fractions."""

    image: str
    name: str
    score: float
    box: Box


def mean_average_precision(
    truths: Mapping[str, Sequence[Truth]],
    found: Sequence[Found],
    average: Callable[[NDArray[np.bool_], int], float] | None = None,
) -> tuple[float, dict[str, float]]:
    """VOC2007's mAP at IoU 0.5 in percent, and each class's average precision.

    `average` is `eleven_points`, unless `all_points` is given.
    Source: the VOC2007 development kit: 11-point interpolation; objects marked difficult count
    neither as found nor as missed; each object is found once. Classes without objects are left out.
    """
    precisions = {}
    for name in CLASSES:
        wanted = sum(
            truth.name == name and not truth.difficult
            for objects in truths.values()
            for truth in objects
        )
        if wanted:
            hits = _hits(truths, [item for item in found if item.name == name], name)
            precisions[name] = 100 * (average or eleven_points)(hits, wanted)
    return float(np.mean(list(precisions.values()))), precisions


def _hits(
    truths: Mapping[str, Sequence[Truth]], found: Sequence[Found], name: str
) -> NDArray[np.bool_]:
    """For each detection, best first, whether it is right; those of difficult objects left out."""
    taken: set[tuple[str, int]] = set()
    hits = []
    for item in sorted(found, key=lambda item: -item.score):
        objects = truths[item.image]
        overlaps = [iou(item.box, truth.box) if truth.name == name else 0.0 for truth in objects]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < IOU_THRESHOLD:
            hits.append(False)
        elif not objects[best].difficult:
            hits.append((item.image, best) not in taken)
            taken.add((item.image, best))
    return np.array(hits, bool)


def eleven_points(hits: NDArray[np.bool_], wanted: int) -> float:
    """Average precision 0..1: the best precision at recalls of 0, 0.1, ..., 1."""
    right = np.cumsum(hits)
    recall = right / wanted
    precision = right / np.arange(1, len(hits) + 1)
    points = [precision[recall >= level - 1e-9] for level in np.linspace(0, 1, 11)]
    return float(np.mean([point.max() if len(point) else 0.0 for point in points]))


def all_points(hits: NDArray[np.bool_], wanted: int) -> float:
    """Average precision 0..1: the area under the best precision at or beyond each recall.

    Source: the development kit since VOC2010.
    """
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / wanted)
