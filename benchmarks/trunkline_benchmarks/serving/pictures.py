"""The pictures that are posted: the demo's, a folder's, or those of a data set with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trunkline.demo import photographs
from trunkline.errors import TrunklineError
from trunkline_training import datasets
from trunkline_training.datasets import Picture

SUFFIXES = frozenset({".jpg", ".jpeg"})


def read(folder: Path | None, limit: int) -> list[bytes]:
    """JPEG files below a folder, evenly spread; the demo's where none is named."""
    if folder is None:
        return [photographs.read(name) for name in photographs.NAMES]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise TrunklineError(f"no JPEG files below {folder}: expected some")
    return [path.read_bytes() for path in found[:: max(1, len(found) // limit)][:limit]]


def labelled(place: str, truth: str, labels: Sequence[str], limit: int) -> Sequence[Picture]:
    """The pictures of `FOLDER` or `FOLDER:SPLIT` with what they show."""
    folder, _, split = place.partition(":")
    return datasets.open_folder(Path(folder), truth, labels, split=split, limit=limit).pictures
