"""Which filters may go, which become copies before, and which are removed in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor

from trunkline_training.pruning import (
    choice,
    criteria,
    importance,
    measured,
    removed,
    replacement,
    structure,
)
from trunkline_training.pruning.cost import Costs
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.removed import MadeOf
from trunkline_training.pruning.settings import Pruning
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import MEASURED


def groups(config: Pruning, prunable: Prunable) -> list[Group]:
    """Those that may lose filters. Raises ParameterError where these cannot be enough."""
    found = choice.allowed(structure.groups(prunable), config.wanted)
    choice.require(found, Costs(prunable, found), config.wanted)
    return found


def replace(
    config: Pruning, prunable: Prunable, found: Sequence[Group], batches: Iterable[Tensor]
) -> None:
    """Make copies of the least important filters, see `replacement`."""
    criterion = criteria.get(config.criterion, config.seed)
    scores = importance.importance(prunable, found, criterion, batches)
    replacement.replace(prunable, found, scores, config.replace_share, config.replace)


def gone(
    config: Pruning,
    prunable: Prunable,
    found: Sequence[Group],
    batches: Sequence[Tensor],
    made_of: MadeOf,
    resume: bool,
) -> Mapping[str, Indices]:
    """The filters that go, by the root of their group.

    Kept in the run's folder: a run that goes on removes the same ones. Raises TrunklineError where
    what is kept there was made of something else.
    """
    path = config.folder / removed.NAME
    if resume and path.is_file():
        return removed.kept(path, found, made_of)
    criterion = criteria.get(config.criterion, config.seed)
    scores = importance.importance(prunable, found, criterion, batches)
    costs, wanted = Costs(prunable, found), config.wanted
    if wanted.spread == MEASURED:
        lost = measured.losses(prunable, found, scores, wanted, batches, config.compensate)
        chosen = choice.lowest(scores, measured.widths(lost, costs, wanted))
    else:
        chosen = choice.choose(found, scores, costs, wanted)
    removed.keep(path, chosen, made_of)
    return chosen
