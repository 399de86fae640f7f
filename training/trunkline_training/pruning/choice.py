"""Which filters go, so that the wanted share of the cost goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from trunkline.errors import ParameterError
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.criteria import Floats
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import ALL, UNIFORM, Wanted

FEWEST = 2
"""Filters that a group keeps: what reads one channel would be taken for a depth-wise layer."""
STEPS = 40
"""Halvings of the interval in which the share lies."""


def choose(
    found: Sequence[Group], scores: Mapping[str, Floats], costs: Costs, wanted: Wanted
) -> dict[str, Indices]:
    """The filters that go, by the root of their group: the fewest that are enough.

    Raises ParameterError where even the most that may go is not enough.
    """
    found = allowed(found, wanted)
    require(found, costs, wanted)
    before = costs.total()
    low, high = 0.0, 1.0
    widths = _uniform if wanted.spread == UNIFORM else _global
    kept_at = _counted(found, scores, wanted, widths)
    for _ in range(STEPS):
        middle = (low + high) / 2
        enough = missing(wanted, before, costs.total(kept_at(middle))) <= 0
        low, high = (low, middle) if enough else (middle, high)
    return lowest(scores, kept_at(high))


def allowed(found: Sequence[Group], wanted: Wanted) -> list[Group]:
    """The groups that may lose filters, by the wanted scope."""
    return [group for group in found if wanted.scope == ALL or len(group.makers) < 2]


def require(found: Sequence[Group], costs: Costs, wanted: Wanted) -> None:
    """Raise ParameterError where even the most that these groups may lose is not enough."""
    narrow = {group.root: width(group.width, 0, wanted) for group in found}
    short = missing(wanted, costs.total(), costs.total(narrow))
    if short > 0:
        goal = wanted.macs or wanted.parameters
        raise ParameterError(
            f"at most {goal - short:.1%} can be removed here: expected at least {goal:.0%}; remove "
            "less, or allow more with --scope, --least and --multiple"
        )


def missing(wanted: Wanted, before: Cost, now: Cost) -> float:
    """Which share has to go still; 0 or less where all is gone."""
    gone = now.removed(before)
    if wanted.macs:
        return wanted.macs - gone.macs / before.macs
    return wanted.parameters - gone.parameters / before.parameters


def lowest(scores: Mapping[str, Floats], kept: Mapping[str, int]) -> dict[str, Indices]:
    """The filters of the lowest scores of each group, so that `kept` stay; sorted."""
    return {
        root: np.sort(np.argsort(scores[root], kind="stable")[: len(scores[root]) - count])
        for root, count in kept.items()
    }


def _counted(
    found: Sequence[Group],
    scores: Mapping[str, Floats],
    wanted: Wanted,
    widths: Callable[[Sequence[Group], Mapping[str, Floats], float], dict[str, float]],
) -> Callable[[float], dict[str, int]]:
    def kept(share: float) -> dict[str, int]:
        left = widths(found, scores, share)
        return {group.root: width(group.width, left[group.root], wanted) for group in found}

    return kept


def _uniform(
    found: Sequence[Group], scores: Mapping[str, Floats], share: float
) -> dict[str, float]:
    """The same share of each group goes."""
    return {group.root: group.width * (1 - share) for group in found}


def _global(found: Sequence[Group], scores: Mapping[str, Floats], share: float) -> dict[str, float]:
    """The lowest scores of all, each relative to its group's mean, go."""
    relative = {group.root: scores[group.root] / _mean(scores[group.root]) for group in found}
    everything = np.sort(np.concatenate(list(relative.values())))
    count = round(share * len(everything))
    border = everything[count] if count < len(everything) else np.inf
    return {root: float((values >= border).sum()) for root, values in relative.items()}


def _mean(values: Floats) -> float:
    return float(values.mean()) or 1.0


def width(whole: int, left: float, wanted: Wanted) -> int:
    """A group's width near `left`: a multiple, not less than the least or FEWEST."""
    least = max(FEWEST, left, wanted.least * whole)
    rounded = int(np.ceil(round(least / wanted.multiple, 9))) * wanted.multiple
    return min(whole, rounded)
