"""A picture file as the edge reads it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from trunkline import images
from trunkline.errors import ImageError
from trunkline.files import read_bytes


def read(path: Path) -> Image.Image:
    """The picture, upright RGB. Raises ImageError with the file's name, TrunklineError."""
    try:
        return images.decode(read_bytes(path))
    except ImageError as error:
        raise type(error)(f"{path}: {error}") from error
