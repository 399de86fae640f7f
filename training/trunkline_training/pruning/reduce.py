"""Any module made smaller: replaced, trained again, pruned by scores or by learnt masks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trunkline_training.pruning import removed, selection, structure
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.module_job import ModuleJob, depends
from trunkline_training.pruning.module_settings import MASKS, ModulePruning
from trunkline_training.pruning.phases import PRUNED, REPLACED, phase
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.removed import MadeOf
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import NONE
from trunkline_training.train.trainer import Trainer, steady

BATCH = 64
Parts = tuple[Labelled, Labelled]
"""What is learnt from, and what the best epoch is chosen on."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """The smaller module, trained; what it costs; its best epoch's figures."""

    module: nn.Module
    before: Cost
    after: Cost
    validated: Mapping[str, float]


def reduce(config: ModulePruning, whole: nn.Module, parts: Parts, resume: bool) -> Reduced:
    """A copy of `whole` without the filters that `config` says, trained again.

    What a run did before it was stopped is not done again with `resume`.
    """
    module = copy.deepcopy(whole)
    prunable = Prunable(module, parts[0].images[:1])
    made_of = removed.made_of(config, depends(module, *parts))
    samples = torch.split(parts[0].some(config.samples).images, BATCH)
    found = selection.groups(config, prunable)
    if config.replace != NONE:
        selection.replace(config, prunable, found, samples)
        trained(config, REPLACED, config.replace_epochs, module, parts, resume)
    before = Costs(prunable, found).total()
    structure.remove(prunable, _gone(config, prunable, found, parts, samples, made_of, resume))
    after = Costs(prunable, ()).total()
    validated = trained(config, PRUNED, config.epochs, module, parts, resume)
    return Reduced(module, before, after, validated)


def trained(
    config: ModulePruning, name: str, epochs: int, module: nn.Module, parts: Parts, resume: bool
) -> Mapping[str, float]:
    """Train the module in a folder of the run; the best epoch's figures."""
    own = phase(config, name, epochs)
    steady(own)  # a module may draw: the same, whatever came before
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    return Trainer(own, ModuleJob(own, module, *parts)).run(resume)


def _gone(
    config: ModulePruning,
    prunable: Prunable,
    found: Sequence[Group],
    parts: Parts,
    samples: Sequence[Tensor],
    made_of: MadeOf,
    resume: bool,
) -> Mapping[str, Indices]:
    if config.criterion != MASKS:
        return selection.gone(config, prunable, found, samples, made_of, resume)
    from trunkline_training.pruning.masks import agent  # nothing else needs its library

    return agent.learnt(config, prunable, found, parts, made_of, resume)
