"""`manifest.csv`: a list of pictures with the columns `path` and `class_index`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline_training.datasets.abc import CLASSES, Layout, Picture
from trunkline_training.datasets.classes import ClassIndex

NAME = "manifest.csv"
SEPARATORS = ",;\t"
"""A spreadsheet writes the one that its country has."""


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
            for number, row in enumerate(read(path, ("path", "class_index")), start=2)
            if not split or row.get("split") == split
        ]
        if not found:
            raise TrunklineError(f"{path} lists no picture of split {split!r}: check --split")
        return found

    def _picture(self, root: Path, row: Mapping[str, str], index: ClassIndex, at: str) -> Picture:
        name, label = row["path"], row["class_index"]
        if not name or not label:
            raise TrunklineError(f"{at} is incomplete: expected a path and a class_index")
        return Picture(name, root / name, index.find(label, at))


def read(path: Path, wanted: Sequence[str]) -> Sequence[Mapping[str, str]]:
    """The rows of a list that has the `wanted` columns. Raises TrunklineError."""
    text = _text(path)
    try:
        separator = max(SEPARATORS, key=lambda it: len({*wanted} & {*_columns(text, it)}))
        missing = {*wanted} - {*_columns(text, separator)}
        rows = list(csv.DictReader(StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise TrunklineError(f"{path} cannot be read as a list: {error}") from error
    if missing:
        raise TrunklineError(
            f"{path} lacks the column {' and '.join(sorted(missing))}: expected {NAME} with the "
            f"columns {' and '.join(wanted)}"
        )
    return rows


def _columns(text: str, separator: str) -> Sequence[str]:
    return next(csv.reader(StringIO(text, newline=""), delimiter=separator), [])


def _text(path: Path) -> str:
    """What the file says, without the mark that spreadsheets put before it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TrunklineError(f"{path} cannot be read as a list: {error.strerror}") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # which UTF-16 has in every second place
        raise TrunklineError(
            f"{path} cannot be read as a list: it is no UTF-8 text; save it as CSV UTF-8"
        )
    return text
