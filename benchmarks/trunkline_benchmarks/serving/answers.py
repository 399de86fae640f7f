"""What any of the systems saw in a picture, in one form, and what that is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import TrunklineError
from trunkline_training import average_precision, bootstrap, grading, voc
from trunkline_training.coco import VOC_NAMES
from trunkline_training.datasets import Picture
from trunkline_training.grading import Found

SEED = 0


class Reader:
    """Reads answers; ours name labels, the rivals' their indices."""

    def __init__(self, labels: Mapping[str, Sequence[str]]) -> None:
        """`labels` are each task's, by index; COCO's names for VOC's classes are known too."""
        names = [VOC_NAMES.get(label, label) for label in labels["ssd"]]
        self._voc = [voc.CLASSES.index(name) if name in voc.CLASSES else -1 for name in names]
        self._index = {label: index for index, label in enumerate(labels["ssd"])}

    def best(self, body: bytes) -> int:
        """The index of the class that is put first."""
        answer = _document(body)
        if "tasks" not in answer:
            return int(answer["classes"][0][0])
        return int(_result(answer, "classifier")["classes"][0]["index"])

    def found(self, body: bytes) -> list[Found]:
        """Detections of VOC's classes, with boxes in fractions of the picture."""
        every = [(self._voc[index], score, box) for index, score, box in self._found(body)]
        return [found for found in every if found[0] >= 0]

    def _found(self, body: bytes) -> list[Found]:
        """By the tail's own labels."""
        answer = _document(body)
        if "tasks" not in answer:
            return [(int(row[0]), row[1], tuple(row[2:6])) for row in answer["detections"]]
        width, height = answer["image"]["width"], answer["image"]["height"]
        found: list[Found] = []
        for item in _result(answer, "ssd")["detections"]:
            x1, y1, x2, y2 = item["box"]
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
            found.append((self._index[item["label"]], item["score"], box))
        return found


def rights(
    reader: Reader, bodies: Sequence[bytes], pictures: Sequence[Picture]
) -> NDArray[np.float64]:
    """(N,) 1 where the picture's class comes first, 0 elsewhere."""
    pairs = zip(bodies, pictures, strict=True)
    return np.array([reader.best(body) == picture.truth for body, picture in pairs], np.float64)


def rows(
    reader: Reader, bodies: Sequence[bytes], pictures: Sequence[Picture]
) -> list[dict[str, Any]]:
    """What each picture's detections are worth, as `average_precision` reads it."""
    return [
        {
            "found": grading.graded(reader.found(body), picture.truth),
            "objects": [item[0] for item in picture.truth if not item[-1]],
        }
        for body, picture in zip(bodies, pictures, strict=True)
    ]


def top1(right: NDArray[np.float64]) -> dict[str, Any]:
    """Percent of pictures whose class comes first, with an interval of 95 %."""
    low, high = bootstrap.mean_interval(right, SEED)
    return {"top1": 100 * right.mean(), "interval": [100 * low, 100 * high], "pictures": len(right)}


def mean_ap(graded: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """11-point mAP@.5 in percent, with an interval of 95 %."""
    return {
        "map": float(mean_aps(graded, np.ones((1, len(graded))))[0]),
        "interval": list(bootstrap.interval(mean_aps(graded))),
        "pictures": len(graded),
    }


def mean_aps(
    graded: Sequence[Mapping[str, Any]], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The mAP of each resample, always of the same ones; or of those that `weights` say."""
    chosen = bootstrap.weights(len(graded), SEED) if weights is None else weights
    return average_precision.mean_average_precision(graded, chosen)


def _document(body: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(body)
    return document


def _result(answer: Mapping[str, Any], task: str) -> dict[str, Any]:
    result: dict[str, Any] = answer["tasks"][task]
    if result["status"] != "ok":
        raise TrunklineError(f"task {task} failed: {result}")
    return result
