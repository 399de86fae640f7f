"""What lies in a folder of labelled pictures, read once: sizes, likenesses, what cannot be read."""

from __future__ import annotations

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
    if not any(path.is_dir() for path in root.iterdir()):
        raise TrunklineError(
            f"{root} has no folders: expected one folder a class, or {manifest.NAME} with the "
            "columns path and class"
        )
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    names = [(path.relative_to(root), path) for path in files]
    return [
        (name.as_posix(), path, name.parts[0])
        for name, path in names
        if len(name.parts) > 1 and not _hidden(name)
    ]


def folders(root: Path) -> list[str]:
    """The classes that have a folder, empty ones too; none where `manifest.csv` names them."""
    if (root / manifest.NAME).is_file():
        return []
    return [path.name for path in root.iterdir() if path.is_dir() and not _hidden(Path(path.name))]


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
    _, rows = manifest.read(path)
    for number, row in enumerate(rows, start=2):
        name, label = row.get("path") or "", row.get("class") or ""
        if not name or not label:
            raise TrunklineError(f"{path}, line {number}: expected the columns path and class")
        yield name, root / name, label


def _hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)
