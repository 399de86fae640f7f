"""`manifest.csv`: a list of pictures with the columns `path` and `class_index`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline_training.datasets.abc import CLASSES, Layout, Picture
from trunkline_training.datasets.classes import ClassIndex

NAME = "manifest.csv"


class Manifest(Layout):
    """Paths are relative to the folder; a column `split`, where there is one, selects."""

    truth = CLASSES
    expected = f"{NAME} with the columns path and class_index"

    def fits(self, root: Path) -> bool:
        """There is such a file."""
        return (root / NAME).is_file()

    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """The list's pictures in its own order."""
        path = root / NAME
        index = ClassIndex(labels)
        found = [
            self._picture(root, row, index, f"{path}, line {number}")
            for number, row in enumerate(self._rows(path), start=2)
            if not split or row.get("split") == split
        ]
        if not found:
            raise TrunklineError(f"{path} lists no picture of split {split!r}: check --split")
        return found

    def _rows(self, path: Path) -> Sequence[Mapping[str, str]]:
        columns, rows = read(path)
        missing = {"path", "class_index"} - set(columns)
        if missing:
            raise TrunklineError(
                f"{path} lacks the column {' and '.join(sorted(missing))}: expected {self.expected}"
            )
        return rows

    def _picture(self, root: Path, row: Mapping[str, str], index: ClassIndex, at: str) -> Picture:
        name, label = row["path"], row["class_index"]
        if not name or not label:
            raise TrunklineError(f"{at} is incomplete: expected a path and a class_index")
        return Picture(name, root / name, index.find(label, at))


def read(path: Path) -> tuple[Sequence[str], Sequence[Mapping[str, str]]]:
    """The columns of a list and its rows. Raises TrunklineError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrunklineError(f"{path} cannot be read as a list: {error}") from error
    return reader.fieldnames or (), rows
