"""ImageNet's layout: one folder a class, the pictures inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline_training import pictures
from trunkline_training.datasets.abc import CLASSES, Layout, Picture
from trunkline_training.datasets.classes import ClassIndex


class Folders(Layout):
    """`CLASS/FILE`, or `SPLIT/CLASS/FILE`; a class is a WordNet id, a number or a label."""

    truth = CLASSES
    expected = "one folder a class (WordNet id, class number or label) with the pictures in it"

    def fits(self, root: Path) -> bool:
        """There is a folder."""
        return any(path.is_dir() for path in root.iterdir())

    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """Sorted by path."""
        below = root / split
        if not below.is_dir():
            raise TrunklineError(f"{root} has no split {split!r}: check --data and --split")
        index = ClassIndex(labels)
        return [_picture(below, path, index) for path in pictures.folder(below)]


def _picture(root: Path, path: Path, index: ClassIndex) -> Picture:
    name = path.relative_to(root)
    if len(name.parts) == 1:
        raise TrunklineError(f"{path} lies in no class folder: expected {Folders.expected}")
    return Picture(name.as_posix(), path, index.find(name.parts[0], f"the folder {root}"))
