"""Any module made smaller: replaced, trained again, pruned by scores or by learnt masks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from trunkline_training.pruning import choice, criteria, importance, removed, replacement, structure
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.module_job import ModuleJob
from trunkline_training.pruning.module_settings import MASKS, ModulePruning
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import NONE
from trunkline_training.train.trainer import Trainer

REPLACED, PRUNED = "replaced", "pruned"
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
    spread = parts[0].images[:: max(1, len(parts[0]) // config.samples)][: config.samples]
    samples = list(torch.split(spread, BATCH))
    if config.replace != NONE:
        _replace(config, prunable, samples)
        trained(config, REPLACED, config.replace_epochs, module, parts, resume)
    found = structure.groups(prunable)
    before = Costs(prunable, found).total()
    structure.remove(prunable, _gone(config, prunable, found, parts, samples, resume))
    after = Costs(prunable, structure.groups(prunable)).total()
    validated = trained(config, PRUNED, config.epochs, module, parts, resume)
    return Reduced(module, before, after, validated)


def trained(
    config: ModulePruning, name: str, epochs: int, module: nn.Module, parts: Parts, resume: bool
) -> Mapping[str, float]:
    """Train the module in a folder of the run; the best epoch's figures."""
    own = replace(config, run=str(config.folder / name), epochs=epochs)
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    return Trainer(own, ModuleJob(own, module, *parts)).run(resume)


def _replace(config: ModulePruning, prunable: Prunable, samples: Sequence[Tensor]) -> None:
    found = structure.groups(prunable)
    criterion = criteria.get(config.criterion, config.seed)
    scores = importance.importance(prunable, found, criterion, samples)
    replacement.replace(prunable, found, scores, config.replace_share, config.replace)


def _gone(
    config: ModulePruning,
    prunable: Prunable,
    found: Sequence[Group],
    parts: Parts,
    samples: Sequence[Tensor],
    resume: bool,
) -> Mapping[str, Indices]:
    if config.criterion == MASKS:
        from trunkline_training.pruning.masks import agent

        return agent.learnt(config, prunable, found, parts, resume)
    path = config.folder / removed.NAME
    if resume and path.is_file():
        return removed.kept(path, found)
    criterion = criteria.get(config.criterion, config.seed)
    scores = importance.importance(prunable, found, criterion, samples)
    gone = choice.choose(found, scores, Costs(prunable, found), config.wanted)
    removed.keep(path, gone)
    return gone
