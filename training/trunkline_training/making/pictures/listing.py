"""Which files a folder of labelled pictures has, and of which class each is. None is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline_training.datasets import manifest

COLUMNS = ("path", "class")


@dataclass(frozen=True)
class Entry:
    """A file, or with an `error` a folder that nobody looks into."""

    name: str
    path: Path
    label: str
    error: str = ""


def entries(root: Path) -> list[Entry]:
    """Every file by name: from `manifest.csv` in its order, else a class for each folder.

    Raises TrunklineError for what is neither.
    """
    if not os.path.isdir(root):
        raise TrunklineError(f"no folder {root}: expected one folder a class; check the path")
    if _has_list(root):
        return list(dict.fromkeys(_rows(root / manifest.NAME)))
    if not folders(root):
        raise TrunklineError(
            f"{root} has no folders: expected one folder a class, or {manifest.NAME} with the "
            f"columns {' and '.join(COLUMNS)}"
        )
    return sorted(_below(root), key=lambda entry: entry.path)


def folders(root: Path) -> list[str]:
    """The classes that have a folder, empty ones too; none where `manifest.csv` names them."""
    if _has_list(root):
        return []
    try:
        return [path.name for path in _seen(root) if os.path.isdir(path)]
    except OSError as error:
        raise TrunklineError(f"the folder {root} cannot be read: {error.strerror}") from error


def _has_list(root: Path) -> bool:
    return os.path.isfile(root / manifest.NAME)


def _rows(path: Path) -> Iterator[Entry]:
    for number, row in enumerate(manifest.read(path, COLUMNS), start=2):
        name, label = (row[column] for column in COLUMNS)
        if not name or not label:
            raise TrunklineError(f"{path}, line {number} is incomplete: expected a path and class")
        yield Entry(name, path.parent / name, label)


def _below(root: Path) -> Iterator[Entry]:
    """What lies in the folders of `root`. A link to a folder may lead in circles: not followed."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            inside = _seen(folder)
        except OSError as error:
            yield _entry(root, folder, f"cannot be read: {error.strerror}")
            continue
        for path in inside:
            if not os.path.isdir(path):
                if folder != root:
                    yield _entry(root, path)
            elif path.is_symlink():
                yield _entry(root, path, "a link to a folder is not followed")
            else:
                waiting.append(path)


def _seen(folder: Path) -> list[Path]:
    """What lies in a folder, hidden files and folders apart. Raises OSError."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _entry(root: Path, path: Path, error: str = "") -> Entry:
    name = path.relative_to(root)
    return Entry(name.as_posix(), path, name.parts[0], error)
