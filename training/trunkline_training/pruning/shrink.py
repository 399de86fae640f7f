"""One network made smaller: replaced, trained again, pruned. The same for tails and trunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from trunkline.weights.conv import Conv
from trunkline_training.progress import say
from trunkline_training.pruning import compensation, refit, removed, selection, structure
from trunkline_training.pruning.cost import Cost, Costs, figures
from trunkline_training.pruning.described import Described
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.settings import Pruning
from trunkline_training.pruning.wanted import NONE

Convs = dict[str, Conv]
Trace = Callable[[Convs], Prunable]
Relearn = Callable[[Convs], Convs]
BATCH = 16


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network reads of sample pictures, (N, C, H, W); `depends` is its job's."""

    samples: Tensor
    depends: str


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

    def tell(self) -> None:
        """Say them."""
        say(", ".join(f"{name} {value:g}" for name, value in self.figures.items()))


def shrink(
    config: Pruning, convs: Convs, trace: Trace, relearn: Relearn, seen: Seen, resume: bool
) -> Shrunk:
    """`convs` without the filters that `config` says.

    `relearn` trains behind a replacement. What was removed is kept in the run's folder: a run that
    goes on removes the same. Raises ParameterError where not enough can be removed.
    """
    batches = torch.split(seen.samples, BATCH)
    prunable = trace(convs)
    found = selection.groups(config, prunable)
    if config.replace != NONE:
        selection.replace(config, prunable, found, batches)
        prunable = trace(relearn(_convs(prunable)))
    before = Costs(prunable, found).total()
    made_of = removed.made_of(config, seen.depends)
    gone = selection.gone(config, prunable, found, batches, made_of, resume)
    wanted = (
        refit.wanted(prunable, found, gone, batches, config.refit, config.seed)
        if config.refit
        else {}
    )
    if config.compensate:
        compensation.compensate(prunable, found, gone, batches)
    structure.remove(prunable, gone)
    refit.refit(prunable, wanted, batches)
    return Shrunk(_convs(prunable), before, Costs(prunable, ()).total())


def _convs(prunable: Prunable) -> Convs:
    return cast(Described, prunable.module).convs()
