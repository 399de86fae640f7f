"""One network made smaller: replaced, trained again, pruned. The same for tails and trunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from trunkline.weights.conv import Conv
from trunkline_training.progress import say
from trunkline_training.pruning import (
    choice,
    compensation,
    criteria,
    importance,
    removed,
    replacement,
    structure,
)
from trunkline_training.pruning.cost import Cost, Costs, figures
from trunkline_training.pruning.described import Described
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.settings import Pruning
from trunkline_training.pruning.structure import Indices
from trunkline_training.pruning.wanted import NONE

Convs = dict[str, Conv]
Trace = Callable[[Convs], Prunable]
Relearn = Callable[[Convs], Convs]
BATCH = 16


@dataclass(frozen=True)
class Shrunk:
    """The smaller network's convolutions, and what it costs beside the whole one."""

    convs: Convs
    before: Cost
    after: Cost

    @property
    def figures(self) -> dict[str, float]:
        """See `cost.figures`."""
        return figures(self.before, self.after)


def shrink(
    config: Pruning, convs: Convs, trace: Trace, relearn: Relearn, samples: Tensor, resume: bool
) -> Shrunk:
    """`convs` without the filters that `config` says; `samples` (N, C, H, W) is what it reads.

    `relearn` trains behind a replacement. What was removed is kept in the run's folder: a run that
    goes on removes the same.
    """
    criterion = criteria.get(config.criterion, config.seed)
    batches = list(torch.split(samples, BATCH))
    if config.replace != NONE:
        prunable = trace(convs)
        found = structure.groups(prunable)
        scores = importance.importance(prunable, found, criterion, batches)
        share, variant = config.replace_share, config.replace
        replacement.replace(prunable, found, scores, share, variant)
        convs = relearn(cast(Described, prunable.module).convs())
    prunable = trace(convs)
    found = structure.groups(prunable)
    costs = Costs(prunable, found)
    path = config.folder / removed.NAME
    if resume and path.is_file():
        gone: Mapping[str, Indices] = removed.kept(path, found)
    else:
        scores = importance.importance(prunable, found, criterion, batches)
        gone = choice.choose(found, scores, costs, config.wanted)
        removed.keep(path, gone)
    if config.compensate:
        compensation.compensate(prunable, found, gone, batches)
    structure.remove(prunable, gone)
    after = Costs(prunable, structure.groups(prunable)).total()
    shrunk = Shrunk(cast(Described, prunable.module).convs(), costs.total(), after)
    say(", ".join(f"{name} {value:g}" for name, value in shrunk.figures.items()))
    return shrunk
