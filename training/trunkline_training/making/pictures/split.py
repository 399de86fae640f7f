"""A part of the pictures kept for the test: of every class its share, the same on every machine."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from trunkline_training.making.pictures.inspection import Item
from trunkline_training.train.collection import rank


def split(
    items: Sequence[Item], share: float, seed: int
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Pictures to learn from and pictures to test on.

    A class of at least two has at least one of each, but for a share of 0. Which ones depends on
    their names and the seed alone, so that a picture that comes later moves none of the others far.
    """
    by_class: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_class[item.label].append(item)
    held: set[str] = set()
    for members in by_class.values():
        ranked = sorted(members, key=lambda item: rank(item.name, seed))
        count = min(len(ranked) - 1, max(1, round(share * len(ranked)))) if share else 0
        held |= {item.name for item in ranked[:count]}
    learnt = tuple(item for item in items if item.name not in held)
    return learnt, tuple(item for item in items if item.name in held)


def digest(items: Iterable[Item]) -> str:
    """SHA-256 (hex) of the pictures' sorted names, a line each: which pictures, naming none."""
    lines = "".join(f"{name}\n" for name in sorted(item.name for item in items))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
