"""Many pictures out of few: the shared ones where they are, else views of the demo's."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from PIL import Image, ImageOps

from tests.samples import photograph

SHARED = Path(os.environ.get("TRUNKLINE_SHARED", Path(__file__).parents[2] / "shared"))
NAMES = ("astronaut", "chelsea", "coffee", "rocket")


def pictures(count: int) -> list[Image.Image]:
    """`count` different RGB pictures cut out of the demo's, some of them mirrored."""
    images = [photograph(name) for name in NAMES]
    views = []
    for number in range(count):
        image = images[number % len(images)]
        turn = number // len(images)
        width, height = image.size
        left, top = turn % 7 * width // 20, turn // 7 * height // 20
        part = image.crop((left, top, left + width * 13 // 20, top + height * 13 // 20))
        views.append((ImageOps.mirror(part) if turn % 2 else part) if turn else image)
    return views


def photographs(count: int) -> list[Image.Image]:
    """`count` pictures for comparing engines: real ones where they are shared, else views."""
    folder = SHARED / "data" / "imagenet_val_1300"
    paths = list(islice(sorted(folder.rglob("*.jpg")), count))
    if len(paths) < count:
        return pictures(count)
    return [Image.open(path).convert("RGB") for path in paths]
