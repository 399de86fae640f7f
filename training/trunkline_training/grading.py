"""What one picture's detections are worth, as `average_precision` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline_training import voc
from trunkline_training.voc import Box

DIGITS = 6

Found = tuple[int, float, Box]
"""Label index, score, box in fractions."""


def found_in(rows: NDArray[np.float32]) -> list[Found]:
    """(K, 7) rows of one picture, best first."""
    ordered = rows[np.argsort(-rows[:, 2], kind="stable")].tolist()
    return [(int(row[1]), row[2], (row[3], row[4], row[5], row[6])) for row in ordered]


def graded(found: Iterable[Found], truth: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """`[class, score, hit]` of each detection but those of difficult objects.

    `truth` are `[class, x1, y1, x2, y2, difficult]`. As in VOC2007's development kit: a detection
    belongs to the object of its class that it overlaps most; an object is found once.
    """
    taken: set[int] = set()
    result = []
    for kind, score, box in found:
        overlaps = [voc.iou(box, _box(it)) if it[0] == kind else 0.0 for it in truth]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and overlaps[best] >= voc.IOU_THRESHOLD
        if hit and truth[best][-1]:
            continue
        result.append([kind, round(score, DIGITS), int(hit and best not in taken)])
        if hit:
            taken.add(best)
    return result


def _box(item: Sequence[Any]) -> Box:
    x1, y1, x2, y2 = item[1:5]
    return (x1, y1, x2, y2)
