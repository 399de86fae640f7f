"""The demo's photographs, and what one weighs as JPEG."""

from __future__ import annotations

import io
from importlib.resources import files

NAMES = ("chelsea", "astronaut", "coffee", "rocket")


def read(name: str) -> bytes:
    """A photograph's JPEG file."""
    return (files("trunkline.demo") / "pictures" / f"{name}.jpg").read_bytes()


def jpeg_bytes(data: bytes, side: int = 224) -> int:
    """Bytes of the squashed picture as JPEG of quality 75, what papers compare with."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").resize((side, side)).save(buffer, "JPEG", quality=75)
    return buffer.tell()
