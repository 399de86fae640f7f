"""PASCAL VOC's layout: `JPEGImages`, `Annotations`, `ImageSets/Main`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trunkline.errors import TrunklineError
from trunkline_training import pictures, voc
from trunkline_training.datasets.abc import BOXES, Layout, Picture

SETS = Path("ImageSets", "Main")
SPLITS = ("test", "val", "trainval", "train")
"""Where no split is named, the first that is there."""


class Voc(Layout):
    """One year's folder, or the development kit that holds exactly one."""

    truth = BOXES
    expected = "VOC's JPEGImages, Annotations and ImageSets/Main"

    def fits(self, root: Path) -> bool:
        """There are lists of pictures, here or below one year."""
        return bool(_years(root))

    def split(self, root: Path, wanted: str) -> str:
        """Where none is wanted, the first of SPLITS that is there."""
        year = _year(root)
        there = (name for name in SPLITS if (year / SETS / f"{name}.txt").is_file())
        return wanted or next(there, SPLITS[0])

    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """The split's pictures in its list's order."""
        year = _year(root)
        names = pictures.voc_ids(year, split)
        objects = voc.objects(year, names)
        return [
            Picture(name, year / "JPEGImages" / f"{name}.jpg", _boxes(year, name, objects[name]))
            for name in names
        ]


def _years(root: Path) -> list[Path]:
    return [path for path in (root, *sorted(root.glob("VOC*"))) if (path / SETS).is_dir()]


def _year(root: Path) -> Path:
    years = _years(root)
    if len(years) > 1:
        names = ", ".join(year.name for year in years)
        raise TrunklineError(f"{root} holds {names}: choose one with --data {years[0]}")
    return years[0]


def _boxes(year: Path, picture: str, objects: Sequence[voc.Truth]) -> list[list[Any]]:
    for item in objects:
        if item.name not in voc.CLASSES:
            raise TrunklineError(
                f"{year / 'Annotations' / picture}.xml names the unknown class {item.name!r}: "
                f"expected one of VOC's {len(voc.CLASSES)}; rename or remove it"
            )
    return [[voc.CLASSES.index(it.name), *it.box, it.difficult] for it in objects]
