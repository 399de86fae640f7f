"""What lies in a folder of labelled pictures, read once: sizes, likenesses, what cannot be read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imagehash

from trunkline import images
from trunkline.errors import ImageError, TrunklineError
from trunkline_training.datasets import manifest

HASH_SIDE = 448
"""Pixels a side that a likeness is computed from, at least: it looks at far fewer."""


@dataclass(frozen=True)
class Item:
    """One file. `likeness` is its perceptual hash, empty where it could not be read: `error`."""

    name: str
    path: Path
    label: str
    size: tuple[int, int] = (0, 0)
    likeness: str = ""
    error: str = ""

    @property
    def readable(self) -> bool:
        """Whether it is a picture."""
        return not self.error


def labelled(root: Path) -> list[tuple[str, Path, str]]:
    """Name, path and class of every file: from `manifest.csv`, else a class for each folder.

    Raises TrunklineError for what is neither.
    """
    if not root.is_dir():
        raise TrunklineError(f"no folder {root}: expected one folder a class; check the path")
    if (root / manifest.NAME).is_file():
        return list(_listed(root))
    found = [
        (path.relative_to(root).as_posix(), path, path.relative_to(root).parts[0])
        for path in sorted(root.rglob("*"))
        if path.is_file() and len(path.relative_to(root).parts) > 1
    ]
    if not any(path.is_dir() for path in root.iterdir()):
        raise TrunklineError(
            f"{root} has no folders: expected one folder a class, or {manifest.NAME} with the "
            "columns path and class"
        )
    return [entry for entry in found if not _hidden(entry[0])]


def classes(root: Path) -> list[str]:
    """The classes' names, sorted: the folders', empty ones too, or those of `manifest.csv`."""
    if (root / manifest.NAME).is_file():
        return sorted({label for _, _, label in _listed(root)})
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not _hidden(path.name))


def inspect(root: Path) -> Iterator[Item]:
    """Every file, read and hashed, in the order of their names. Nothing is changed."""
    for name, path, label in labelled(root):
        try:
            picture = images.read(path.read_bytes(), enough=HASH_SIDE)
        except (ImageError, OSError) as error:
            yield Item(name, path, label, error=str(error))
            continue
        yield Item(name, path, label, picture.size, str(imagehash.phash(picture.image)))


def _listed(root: Path) -> Iterator[tuple[str, Path, str]]:
    path = root / manifest.NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrunklineError(f"{path} cannot be read as a list: {error}") from error
    for number, row in enumerate(rows, start=2):
        name, label = row.get("path") or "", row.get("class") or ""
        if not name or not label:
            raise TrunklineError(f"{path}, line {number}: expected the columns path and class")
        yield name, root / name, label


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in Path(name).parts)
