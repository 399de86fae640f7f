"""What a data set is: pictures, and what each of them shows."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from trunkline.files import read_bytes

CLASSES, BOXES = "classes", "boxes"
"""The two kinds of truth."""
SPLITS = {"train", "trainval", "val", "validation", "test"}


def called(place: Path) -> str:
    """A data set's folder by its name; one that is named for a split by its parent's, too."""
    return f"{place.parent.name}/{place.name}" if place.name in SPLITS else place.name


@dataclass(frozen=True)
class Picture:
    """One picture; `name` is its path below the data set's folder, the same on every machine.

    `truth` is JSON: a class index, a list of boxes `[class index, x1, y1, x2, y2, difficult]` in
    fractions 0..1 of the picture, or None where nothing is known.
    """

    name: str
    path: Path
    truth: Any = None

    @cached_property  # asked for by each job of a run, and where tests are kept apart
    def digest(self) -> str:
        """SHA-256 of the file: the same picture wherever it lies. Raises TrunklineError."""
        return hashlib.sha256(read_bytes(self.path)).hexdigest()


@dataclass(frozen=True)
class DataSet:
    """The pictures that are swept; `total` is how many there were before `--limit`."""

    name: str
    truth: str
    pictures: tuple[Picture, ...]
    total: int

    @property
    def title(self) -> str:
        """The name with the number of pictures, and of how many they are."""
        some = f" of {self.total}" if len(self.pictures) < self.total else ""
        return f"{self.name}, {len(self.pictures)}{some} pictures"


class Layout(ABC):
    """One way in which data sets lie on disk."""

    truth: ClassVar[str]
    """CLASSES, BOXES, or empty where nothing is known."""
    expected: ClassVar[str]
    """What such a folder holds, in words."""

    @abstractmethod
    def fits(self, root: Path) -> bool:
        """Whether the folder looks like this layout."""

    def split(self, root: Path, wanted: str) -> str:
        """The split that is meant; empty: everything."""
        return wanted

    @abstractmethod
    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """Every picture of the split, in a fixed order; `labels` are the classes by index.

        Raises TrunklineError for a split, class or file that is not there.
        """
