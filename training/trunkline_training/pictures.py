"""Folders of pictures: which data set lies where, and batches of trunk inputs out of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from trunkline.errors import ImageError, TrunklineError
from trunkline.text import shown
from trunkline.trunks.trunk import preprocess
from trunkline.types import Preprocess, Tensor

SUFFIXES = (".jpg", ".jpeg", ".png")


def voc_ids(root: Path, split: str) -> list[str]:
    """The picture ids of one split of a VOC devkit folder (`.../VOC2007`)."""
    path = root / "ImageSets" / "Main" / f"{split}.txt"
    if not path.is_file():
        raise TrunklineError(f"{path} is missing: expected a VOC2007 folder; check --data")
    return path.read_text(encoding="utf-8").split()


def voc(root: Path, split: str) -> list[Path]:
    """The pictures of one split of VOC2007."""
    return [root / "JPEGImages" / f"{name}.jpg" for name in voc_ids(root, split)]


def folder(root: Path) -> list[Path]:
    """Every picture below `root`, sorted. Raises TrunklineError for none, or a name of no text."""
    named = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    found = sorted(path for path in named if path.is_file())  # opening a pipe would wait for ever
    if not found:
        raise TrunklineError(f"no pictures below {root}: check --data")
    for path in found:
        if not is_text(path.as_posix()):
            raise TrunklineError(
                f"{shown(path.as_posix(), 200)} is no UTF-8 name: expected one; rename it"
            )
    return found


def is_text(name: str) -> bool:
    """Whether a name's bytes are UTF-8; Python keeps others as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def load(path: Path) -> Image.Image:
    """The picture as RGB, upright. Raises ImageError."""
    with _opened(path) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def require_readable(paths: Sequence[Path]) -> None:
    """Raise ImageError that names the first file whose header is no picture's, and says how many.

    A file that was cut off behind its header is found where it is loaded.
    """
    broken = []
    for path in paths:
        try:
            with _opened(path):
                pass
        except ImageError as error:
            broken.append(error)
    if broken:
        raise ImageError(
            f"{broken[0]}; so it is with {len(broken)} of {len(paths)} pictures: expected none; "
            "remove them from the data"
        ) from broken[0]


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path} cannot be read: {error}") from error


def batches(
    paths: Sequence[Path], recipes: Sequence[Preprocess], size: int
) -> Iterator[list[Tensor]]:
    """Batches of up to `size` pictures, (N, 3, 224, 224) float32, one tensor per recipe."""
    for start in range(0, len(paths), size):
        images = [load(path) for path in paths[start : start + size]]
        yield [np.stack([preprocess(recipe, image) for image in images]) for recipe in recipes]
