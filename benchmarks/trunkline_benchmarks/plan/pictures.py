"""The pictures whose tensors are coded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from trunkline import images
from trunkline.demo import photographs
from trunkline.errors import TrunklineError
from trunkline_benchmarks import pictures
from trunkline_training.pictures import SUFFIXES


def read(paths: Sequence[Path]) -> list[Image.Image]:
    """The pictures of files and folders, RGB; without any the demo's photographs.

    Raises TrunklineError and ImageError that name the file or folder.
    """
    if not paths:
        return [images.decode(photographs.read(name)) for name in photographs.NAMES]
    return [pictures.read(file) for path in paths for file in _files(path)]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not found:
        raise TrunklineError(f"no {', '.join(SUFFIXES)} below {path}: check --images")
    return found
