"""VOC2007: annotations, and the 11-point mean average precision of the development kit."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import TrunklineError

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
IOU_THRESHOLD = 0.5

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Truth:
    """One annotated object; `box` is (x1, y1, x2, y2) in fractions 0..1 of the picture."""

    name: str
    box: Box
    difficult: bool


@dataclass(frozen=True)
class Found:
    """One detection in the picture `image`, its box in the same fractions."""

    image: str
    name: str
    score: float
    box: Box


def objects(root: Path, ids: Sequence[str]) -> dict[str, list[Truth]]:
    """The annotated objects of each picture of a VOC2007 folder."""
    return {name: _objects(root / "Annotations" / f"{name}.xml") for name in ids}


def _objects(path: Path) -> list[Truth]:
    try:
        tree = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - the data set's own files
        width, height = (float(_text(tree, f"size/{side}")) for side in ("width", "height"))
        return [_truth(item, width, height) for item in tree.findall("object")]
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise TrunklineError(f"{path} is not a VOC annotation: {error}") from error


def _truth(item: ElementTree.Element, width: float, height: float) -> Truth:
    # pixel indices start at 1 and the last one belongs to the box
    x1, y1 = float(_text(item, "bndbox/xmin")) - 1, float(_text(item, "bndbox/ymin")) - 1
    x2, y2 = float(_text(item, "bndbox/xmax")), float(_text(item, "bndbox/ymax"))
    box = (x1 / width, y1 / height, x2 / width, y2 / height)
    return Truth(_text(item, "name"), box, item.findtext("difficult", "0").strip() == "1")


def _text(node: ElementTree.Element, path: str) -> str:
    text = node.findtext(path)
    if text is None:
        raise ValueError(f"no {path}")
    return text.strip()


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


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)
