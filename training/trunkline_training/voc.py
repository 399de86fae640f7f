"""VOC2007: its classes, its annotations, and how much two boxes overlap."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


def objects(root: Path, ids: Sequence[str]) -> dict[str, list[Truth]]:
    """The annotated objects of each picture of a VOC2007 folder."""
    return {name: _objects(root / "Annotations" / f"{name}.xml") for name in ids}


def _objects(path: Path) -> list[Truth]:
    try:
        tree = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - the data set's own files
        width, height = (float(_text(tree, f"size/{side}")) for side in ("width", "height"))
        found = [_truth(item, width, height) for item in tree.findall("object")]
        for item in found:
            check_box(item.box, f"its {item.name}")
        return found
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise TrunklineError(f"{path} is not a VOC annotation: {error}") from error


def _truth(item: ElementTree.Element, width: float, height: float) -> Truth:
    # pixel indices start at 1 and the last one belongs to the box
    x1, y1 = float(_text(item, "bndbox/xmin")) - 1, float(_text(item, "bndbox/ymin")) - 1
    x2, y2 = float(_text(item, "bndbox/xmax")), float(_text(item, "bndbox/ymax"))
    box = (x1 / width, y1 / height, x2 / width, y2 / height)
    return Truth(_text(item, "name"), box, item.findtext("difficult", "0").strip() == "1")


def check_box(box: Sequence[float], what: str) -> None:
    """Raise ValueError unless the box, in fractions, is one, and lies at its picture.

    It may reach beyond: not every tool cuts boxes at the edge.
    """
    x1, y1, x2, y2 = box
    sides = f"{what} has the sides {x1:g}, {y1:g}, {x2:g}, {y2:g} in fractions of the picture"
    if not (x1 < x2 and y1 < y2):  # which no NaN is
        raise ValueError(f"{sides}: expected left below right and top below bottom")
    if not (-1 <= x1 < 1 and -1 <= y1 < 1 and 0 < x2 <= 2 and 0 < y2 <= 2):
        raise ValueError(f"{sides}: expected a box in the picture; its size may be wrong")


def _text(node: ElementTree.Element, path: str) -> str:
    text = node.findtext(path)
    if text is None:
        raise ValueError(f"no {path}")
    return text.strip()


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)
