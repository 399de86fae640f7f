"""Data sets by layout. A new layout is one file here and one line in LAYOUTS."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from trunkline.errors import TrunklineError
from trunkline_training.datasets.abc import (
    BOXES,
    CLASSES,
    DataSet,
    Layout,
    Picture,
    called,
)

Item = TypeVar("Item")
# in the order they are tried: the last ones fit nearly any folder
LAYOUTS = {
    "manifest": "trunkline_training.datasets.manifest:Manifest",
    "voc": "trunkline_training.datasets.voc:Voc",
    "coco": "trunkline_training.datasets.coco:Coco",
    "folders": "trunkline_training.datasets.folders:Folders",
    "plain": "trunkline_training.datasets.plain:Plain",
}

__all__ = [
    "BOXES",
    "CLASSES",
    "LAYOUTS",
    "DataSet",
    "Layout",
    "Picture",
    "called",
    "open_folder",
    "spread",
]


def open_folder(
    root: Path, truth: str, labels: Sequence[str], *, split: str = "", limit: int = 0
) -> DataSet:
    """The data set in the folder `root` that knows `truth` (CLASSES, BOXES; empty: need not).

    `limit` pictures are spread evenly over the list, so that a sorted one is not cut to its first
    classes; 0 takes all. Raises TrunklineError that names what was expected.
    """
    # where no truth is asked for, classes that nobody knows must not be in the way
    layouts = [layout for layout in _layouts() if truth or layout.truth != CLASSES]
    expected = ", or ".join(it.expected for it in layouts if it.truth == truth)
    if not root.is_dir():
        raise TrunklineError(f"no folder {root}: expected {expected}; check --data")
    layout = next(layout for layout in layouts if layout.fits(root))  # the last one always does
    if truth and layout.truth != truth:
        raise TrunklineError(
            f"{root} is no data set for this task: expected {expected}; it looks like "
            f"{layout.expected}; check --data"
        )
    part = layout.split(root, split)
    pictures = layout.pictures(root, part, labels)
    name = f"{called(root.resolve())} {part}".rstrip()
    return DataSet(name, truth, spread(pictures, limit), len(pictures))


def _layouts() -> list[Layout]:
    layouts = []
    for place in LAYOUTS.values():
        module, _, name = place.partition(":")
        layouts.append(getattr(import_module(module), name)())
    return layouts


def spread(found: Sequence[Item], limit: int) -> tuple[Item, ...]:
    """At most `limit` of them, evenly over the list; 0 takes all."""
    if not 0 < limit < len(found):
        return tuple(found)
    return tuple(found[index * len(found) // limit] for index in range(limit))
