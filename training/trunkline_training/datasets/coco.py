"""COCO's layout: one JSON file of pictures, boxes and categories for each split."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trunkline.errors import TrunklineError
from trunkline.files import read_bytes
from trunkline_training.coco import VOC_NAMES
from trunkline_training.datasets.abc import BOXES, Layout, Picture
from trunkline_training.voc import check_box

SPLITS = ("val2017", "train2017")
"""Where no split is named, the first that is there."""


class Coco(Layout):
    """`annotations/instances_SPLIT.json` with the pictures in `SPLIT`, or any such pair.

    A category is found among the labels by its name, or by what VOC calls it; objects of others
    are left out, and boxes without an area, of which COCO's own files have some. Crowds count as
    difficult: they are neither found nor missed.
    """

    truth = BOXES
    expected = "COCO's annotations/instances_SPLIT.json and a folder SPLIT"

    def fits(self, root: Path) -> bool:
        """There is such a file."""
        return any((root / "annotations").glob("instances_*.json"))

    def split(self, root: Path, wanted: str) -> str:
        """Where none is wanted, the first of SPLITS that is there."""
        there = (name for name in SPLITS if _file(root, name).is_file())
        return wanted or next(there, SPLITS[0])

    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """In the order of their ids."""
        path = _file(root, split)
        try:
            data = json.loads(read_bytes(path))
            return _pictures(data, root / split, labels)
        except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
            raise TrunklineError(
                f"{path} is no COCO file of boxes ({_told(error)}): expected "
                "images, annotations and categories"
            ) from error


def _told(error: Exception) -> str:
    return f"nothing called {error}" if isinstance(error, KeyError) else str(error)


def _file(root: Path, split: str) -> Path:
    return root / "annotations" / f"instances_{split}.json"


def _pictures(data: Mapping[str, Any], folder: Path, labels: Sequence[str]) -> list[Picture]:
    index = _indices(data["categories"], labels)
    boxes: dict[int, list[list[Any]]] = {item["id"]: [] for item in data["images"]}
    sizes = {item["id"]: (item["width"], item["height"]) for item in data["images"]}
    for item in data["annotations"]:
        label = index[item["category_id"]]
        if label is not None and min(item["bbox"][2:]) != 0:
            box = _fractions(item["bbox"], sizes[item["image_id"]])
            check_box(box, f"annotation {item.get('id')}")
            boxes[item["image_id"]].append([label, *box, _is_crowd(item)])
    return [
        Picture(item["file_name"], folder / item["file_name"], boxes[item["id"]])
        for item in sorted(data["images"], key=lambda item: int(item["id"]))
    ]


def _indices(
    categories: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> dict[int, int | None]:
    """The label's index of each category id; None where no label is called so."""
    names = {item["id"]: item["name"] for item in categories}
    known: dict[int, int | None] = dict.fromkeys(names)
    for number, name in names.items():
        for label in (name, VOC_NAMES.get(name, name)):
            if label in labels:
                known[number] = labels.index(label)
    return known


def _fractions(box: Sequence[float], size: tuple[float, float]) -> list[float]:
    """x, y, width, height in pixels to x1, y1, x2, y2 in fractions."""
    x, y, width, height = (float(side) for side in box)
    return [x / size[0], y / size[1], (x + width) / size[0], (y + height) / size[1]]


def _is_crowd(item: Mapping[str, Any]) -> bool:
    return bool(item.get("iscrowd", 0))
