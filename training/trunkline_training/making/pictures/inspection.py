"""What lies in a folder of labelled pictures, read once: sizes, likenesses, what cannot be read."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trunkline import images
from trunkline.errors import ImageError, ImageTooLargeError
from trunkline_training.making.pictures import likeness, listing
from trunkline_training.making.pictures.likeness import Likeness
from trunkline_training.making.pictures.listing import Entry
from trunkline_training.pictures import is_text

HASH_SIDE = 448
"""Pixels a side that a likeness is computed from, at least: it looks at far fewer."""
LARGEST_BYTES = 256 << 20
"""Of a file: `images.MAX_PIXELS` of 8-bit RGBA, not compressed, are fewer."""


@dataclass(frozen=True)
class Item:
    """One file, or a `folder` that was not looked into. `error` says why it is no picture."""

    name: str
    path: Path
    label: str
    size: tuple[int, int] = (0, 0)
    likeness: Likeness | None = None
    error: str = ""
    folder: bool = False

    @property
    def readable(self) -> bool:
        """Whether it is a picture."""
        return not self.error


def inspect(root: Path) -> Iterator[Item]:
    """Every file, read and hashed, in the order of their names. Nothing is changed.

    Raises TrunklineError for a folder that holds no labelled files.
    """
    for entry in listing.entries(root):
        name, path, label = entry.name, entry.path, entry.label
        if entry.error:
            yield Item(name, path, label, error=entry.error, folder=True)
            continue
        try:
            picture = images.read(_content(entry), enough=HASH_SIDE)
        except ImageError as error:
            yield Item(name, path, label, error=str(error))
            continue
        yield Item(name, path, label, picture.size, likeness.of(picture.image))


def _content(entry: Entry) -> bytes:
    """A file's bytes. Raises ImageError; what could be endless, such as a device, is not opened."""
    if not is_text(entry.name):
        raise ImageError("its name is not UTF-8: rename it")
    try:
        found = entry.path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ImageError("not a regular file")
        if found.st_size > LARGEST_BYTES:
            raise ImageTooLargeError(f"{found.st_size} bytes: at most {LARGEST_BYTES} are allowed")
        return entry.path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from error
