"""The pictures that a task learns from, a few of each class where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trunkline.errors import ParameterError
from trunkline_training.making.inspection import Item
from trunkline_training.making.split import split
from trunkline_training.train.collection import rank


def learnt(
    items: Sequence[Item], share: float, seed: int, limit: int | None = None
) -> tuple[Item, ...]:
    """Usable pictures without those that `split` keeps for the test, at most `limit` a class.

    Which ones depends on their names and the seed alone. Raises ParameterError.
    """
    if not 0 < share < 1:
        raise ParameterError(f"a test share of {share}: expected more than 0, below 1")
    if limit is not None and limit < 1:
        raise ParameterError(f"at most {limit} pictures of a class: expected 1 or more")
    chosen, _ = split(items, share, seed)
    if limit is None:
        return chosen
    taken: Counter[str] = Counter()
    kept: set[str] = set()
    for item in sorted(chosen, key=lambda item: rank(item.name, seed)):
        taken[item.label] += 1
        if taken[item.label] <= limit:
            kept.add(item.name)
    return tuple(item for item in chosen if item.name in kept)
