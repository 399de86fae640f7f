"""When two files are of one picture: the same shapes and the same colours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import imagehash
from PIL import Image

SIDE = 8
"""Fields a side whose mean colours are compared."""
TOLERANCE = 16
"""Levels of 255 that a field's red, green or blue may differ by.

Of 300 photographs, re-encoded as JPEG of quality 60 or made half as large, none differs by more.
"""

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Likeness:
    """`shapes` is a perceptual hash of the brightness, `colours` are SIDE * SIDE fields' RGB."""

    shapes: str
    colours: bytes

    def fits(self, other: Likeness) -> bool:
        """Whether both are of one picture."""
        pairs = zip(self.colours, other.colours, strict=True)
        return self.shapes == other.shapes and all(abs(a - b) <= TOLERANCE for a, b in pairs)


def of(picture: Image.Image) -> Likeness:
    """The likeness of an RGB picture.

    Its shapes: pHash, the signs of the lowest frequencies of the grey picture (Zauner,
    "Implementation and benchmarking of perceptual image hash functions", 2010).
    """
    fields = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return Likeness(str(imagehash.phash(picture)), fields.tobytes())


def groups(things: Iterable[tuple[Likeness, Thing]]) -> list[list[Thing]]:
    """Things whose likeness fits the first one's of their group; those that are alone are not."""
    found: dict[str, list[tuple[Likeness, list[Thing]]]] = defaultdict(list)
    for likeness, thing in things:
        near = found[likeness.shapes]
        group = next((members for first, members in near if first.fits(likeness)), None)
        if group is None:
            near.append((likeness, [thing]))
        else:
            group.append(thing)
    every = [members for near in found.values() for _, members in near]
    return [members for members in every if len(members) > 1]
