"""The pictures of a task by what they are for: to learn from, to choose by, to test on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trunkline.errors import ParameterError
from trunkline_training.datasets import Picture
from trunkline_training.making.learning.settings import Making
from trunkline_training.making.pictures import selection
from trunkline_training.making.pictures.check import SHOWN, Report
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.pictures.split import digest, fewest, split


@dataclass(frozen=True)
class Parts:
    """`labels` are the classes by index, sorted. No picture is in two parts.

    `digest` tells all pictures that are not held from others.
    """

    labels: tuple[str, ...]
    learnt: tuple[Item, ...]
    chosen_by: tuple[Item, ...]
    held: tuple[Item, ...]
    digest: str

    def pictures(self, items: Sequence[Item]) -> list[Picture]:
        """The same with class indices."""
        index = {label: number for number, label in enumerate(self.labels)}
        return [Picture(item.name, item.path, index[item.label]) for item in items]

    def text(self) -> str:
        """In words."""
        return (
            f"{len(self.labels)} classes: {len(self.learnt)} pictures to learn from, "
            f"{len(self.chosen_by)} to choose the best epoch by, {len(self.held)} for the test"
        )

    def require_held(self) -> None:
        """Raise ParameterError where there is nothing to test on."""
        if not self.held:
            raise ParameterError("test_share is 0: no picture is held to test on; give more")

    @property
    def counts(self) -> dict[str, int]:
        """Pictures that are learnt from, by class."""
        found = Counter(item.label for item in self.learnt)
        return {label: found[label] for label in self.labels}


def divide(report: Report, settings: Making) -> Parts:
    """Checked pictures in their parts. Raises ParameterError where a class has too few."""
    seen, held = split(report.usable, settings.test_share, settings.seed)
    kept = selection.limited(seen, settings.limit, settings.seed) if settings.limit else seen
    learnt, chosen_by = split(kept, settings.validation, settings.seed)
    labels = tuple(sorted(report.counts))
    needed = (learnt, chosen_by, held) if settings.test_share else (learnt, chosen_by)
    present = [{item.label for item in part} for part in needed]
    few = [label for label in labels if not all(label in part for part in present)]
    if few:
        least = fewest(settings.test_share)
        raise ParameterError(
            f"too few pictures of {', '.join(few[:SHOWN])}: expected at least {least} a class, "
            "one each to learn from, to choose by and, but for a test share of 0, to test on"
        )
    return Parts(labels, learnt, chosen_by, held, digest(seen))
