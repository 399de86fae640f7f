"""Which pictures of a folder a task is tested on: the ones held back where it was made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trunkline.errors import ParameterError, WeightsError
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.pictures.split import digest, split

KEYS = ("test_share", "seed", "learnt")
"""Of a package's provenance: how the pictures were split, and the digest of those learnt from."""


@dataclass(frozen=True)
class Tested:
    """The pictures to test on; `held`: they are those held back when the task was made."""

    items: tuple[Item, ...]
    held: bool

    @property
    def words(self) -> str:
        """One line for a person."""
        count = len(self.items)
        if self.held:
            return f"{count} pictures that were held back when the task was made"
        return (
            f"all {count} usable pictures: not the set that the task was made from; if it has "
            "learnt from some of them, the figures flatter it"
        )


def tested(usable: Sequence[Item], provenance: Mapping[str, Any]) -> Tested:
    """The part held back, if splitting again leaves just the pictures learnt from; else all.

    Raises WeightsError for a provenance that has KEYS but no such values, ParameterError where
    none was held back.
    """
    if not all(key in provenance for key in KEYS):
        return Tested(tuple(usable), held=False)
    share, seed, learnt_digest = (provenance[key] for key in KEYS)
    # type, not isinstance: True is no seed
    if type(seed) is not int or type(share) is not float or not 0 <= share < 1:
        raise WeightsError(
            f"the task's provenance has test_share {share!r:.50} and seed {seed!r:.50}: expected a "
            "share from 0, below 1, and a whole number; make the task again"
        )
    learnt, held = split(usable, share, seed)
    same = digest(learnt) == learnt_digest
    if same and not held:
        raise ParameterError(
            "the task was made from all of these pictures, none was held back: give others with "
            "--images"
        )
    return Tested(held if same else tuple(usable), held=same)
