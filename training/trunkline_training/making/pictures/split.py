"""A part of the pictures kept for the test: of every class its share, the same on every machine."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from trunkline.errors import ParameterError
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.train.collection import rank


def split(
    items: Sequence[Item], share: float, seed: int
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Pictures to learn from and pictures to test on.

    A class of at least two has at least one of each, but for a share of 0. Which ones depends on
    their names and the seed alone, so that a picture that comes later moves none of the others far.
    Raises ParameterError for a share that is none.
    """
    require_share(share)
    by_class: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_class[item.label].append(item)
    held: set[str] = set()
    for members in by_class.values():
        ranked = sorted(members, key=lambda item: rank(item.name, seed))
        held |= {item.name for item in ranked[: _held(len(ranked), share)]}
    learnt = tuple(item for item in items if item.name not in held)
    return learnt, tuple(item for item in items if item.name in held)


def require_share(share: float) -> None:
    """Raise ParameterError for what no part of the pictures can be."""
    if not 0 <= share < 1:
        raise ParameterError(f"a share of {share}: expected 0 or more, below 1")


def fewest(share: float) -> int:
    """Pictures that a class needs: one to learn from and one to choose by are left of them.

    A share above 0 holds one or more for the test, so that this is 2 for none, 3 for small ones.
    """
    require_share(share)
    counts = range(1 << 53)  # beyond it a float is no count
    return bisect_left(counts, True, key=lambda count: count - _held(count, share) >= 2)


def _held(count: int, share: float) -> int:
    """How many of a class's pictures are held."""
    return min(count - 1, max(1, round(share * count))) if share else 0


def digest(items: Iterable[Item]) -> str:
    """SHA-256 (hex) of the pictures' sorted names, a line each: which pictures, naming none."""
    lines = "".join(f"{name}\n" for name in sorted(item.name for item in items))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
