"""What one trunk for several tasks saves (equations 1 to 3 of the published method)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from trunkline.errors import ParameterError

MOST_TASKS = 1000
PUBLISHED = {"vgg16": (42.31, 42.30), "mobilenet_v2": (9.77, 10.83)}
"""Percent saved for two tasks as published: in the text, in the abstract."""


def separate(trunk: int, rests: Sequence[int]) -> int:
    """Multiply-accumulates of whole networks, one per task: equations 1 and 2."""
    return sum(trunk + rest for rest in rests)


def shared(trunk: int, rests: Sequence[int]) -> int:
    """Multiply-accumulates of one trunk and every task's rest: equation 3."""
    return trunk + sum(rests)


def saved_percent(trunk: int, rests: Sequence[int]) -> float:
    """What sharing saves, (1) - (3), in percent of (1). Raises ParameterError without work."""
    whole = separate(trunk, rests)
    if whole <= 0 or trunk < 0 or min(rests, default=0) < 0:
        raise ParameterError(f"a trunk of {trunk} and rests of {list(rests)}: expected some work")
    return 100 * (whole - shared(trunk, rests)) / whole


@dataclass(frozen=True)
class Tails:
    """Some tasks' rests behind one trunk, in multiply-accumulates, and where they come from."""

    name: str
    trunk: int
    rests: dict[str, int]

    def saved(self, tasks: int) -> float:
        """Percent saved by `tasks` tasks that are these in turn, 2 the first two of them."""
        return saved_percent(self.trunk, list(islice(cycle(self.rests.values()), tasks)))


def task_numbers(most: int) -> list[int]:
    """The numbers of tasks that a table up to `most` shows; ParameterError for what makes none."""
    if not 2 <= most <= MOST_TASKS:
        raise ParameterError(
            f"tasks is {most}: expected 2 to {MOST_TASKS}, one task shares with nobody"
        )
    return sorted({number for number in (2, 3, 4, most // 2, most) if 2 <= number <= most})
