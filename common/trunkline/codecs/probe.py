"""The size that a picture file claims, read from its header alone."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from trunkline.codecs.abc import corrupt

_DEPTH = {"I;16": 16, "I": 16}


def picture_shape(codec: str, payload: bytes, format: str) -> tuple[tuple[int, ...], int]:
    """Shape, (H, W) or (H, W, 3), and bits a sample of a file in one of Pillow's formats.

    Raises CorruptFrameError where the header cannot be read.
    """
    try:
        with Image.open(BytesIO(payload), formats=[format]) as image:
            plane = (image.height, image.width)
            colour = len(image.getbands()) == 3
            return ((*plane, 3) if colour else plane), _DEPTH.get(image.mode, 8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise corrupt(codec, error, f"a {format} file") from error
