"""The network whose filters are zeroed, which learns in between."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trunkline_training.pruning import choice, importance
from trunkline_training.pruning.cost import Costs
from trunkline_training.pruning.criteria.l1 import L1
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.module_job import IMAGE, ModuleJob, right
from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.train.precision import computing

Masks = dict[str, NDArray[np.bool_]]
"""By a group's root: which of its filters are still there, (width,)."""


@dataclass(frozen=True, eq=False)
class State:
    """Weights, masks, and what they are worth: accuracy and removed share, 0..1."""

    weights: Mapping[str, Any]
    masks: Masks
    accuracy: float
    removed: float


class Recogniser:
    """`prunable.module` with masks. `checked` are the pictures that tell its accuracy."""

    def __init__(
        self,
        config: ModulePruning,
        prunable: Prunable,
        found: Sequence[Group],
        learnt: Labelled,
        checked: Labelled,
    ) -> None:
        self.groups = found
        self._config, self._prunable, self._checked = config, prunable, checked
        self._costs = Costs(prunable, found)
        self._job = ModuleJob(config, prunable.module, learnt, checked)
        self._layers = dict(prunable.module.named_modules())
        self._start = copy.deepcopy(prunable.module.state_dict())
        self._step = 0
        self.masks = _whole(found)
        self.base = self.accuracy()

    @property
    def removed(self) -> float:
        """The share of what the settings count that is gone, 0..1."""
        return self._removed({root: int(mask.sum()) for root, mask in self.masks.items()})

    def accuracy(self) -> float:
        """Of the checked pictures, 0..1."""
        return float(right(self._prunable.module, self._checked).mean())

    def restart(self) -> None:
        """The weights of the beginning and no mask; the pictures go on."""
        self._prunable.module.load_state_dict(self._start)
        self.masks = _whole(self.groups)

    def state(self, accuracy: float) -> State:
        """All of it, copied."""
        weights = copy.deepcopy(self._prunable.module.state_dict())
        return State(weights, copy.deepcopy(self.masks), accuracy, self.removed)

    def take(self, state: State) -> None:
        """Be what was copied."""
        self._prunable.module.load_state_dict(state.weights)
        self.masks = copy.deepcopy(state.masks)

    def zero(self, group: Group, share: float, target: float) -> None:
        """Zero `share` of the group's remaining filters, those of the smallest weights.

        Not more of them than the `target` share of the cost needs, nor below the settings' least.
        """
        mask = self.masks[group.root]
        left = int(mask.sum())
        least = choice.width(group.width, 0, self._config.wanted)
        order = [int(index) for index in np.argsort(self._scores(group)) if mask[index]]
        counts = {root: int(it.sum()) for root, it in self.masks.items()}
        for index in order[: min(round(share * left), left - least)]:
            if self._removed(counts) >= target:
                break
            mask[index] = False
            counts[group.root] -= 1
        self._apply()

    def learn(self, steps: int) -> None:
        """Train for some steps; what is zeroed stays zero."""
        module, config = self._prunable.module, self._config
        module.train()
        optimiser = torch.optim.SGD(module.parameters(), lr=config.lr, momentum=config.momentum)
        for batch in self._job.batches(self._step, self._step + steps):
            with computing(module, config.precision):
                logits = module(torch.from_numpy(batch.arrays[IMAGE]))
            loss = functional.cross_entropy(logits, torch.tensor(batch.targets))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(module.parameters(), config.clip or float("inf"))
            optimiser.step()
            self._apply()
        self._step += steps

    def gone(self) -> dict[str, Indices]:
        """The zeroed filters by the root of their group."""
        return {root: np.flatnonzero(~mask) for root, mask in self.masks.items()}

    def _scores(self, group: Group) -> NDArray[np.floating]:
        found = importance.importance(self._prunable, [group], L1(0), [])
        scores: NDArray[np.floating] = found[group.root]
        return scores

    def _removed(self, kept: Mapping[str, int]) -> float:
        whole, now = self._costs.total(), self._costs.total(kept)
        if self._config.macs_removed:
            return 1 - now.macs / whole.macs
        return 1 - now.parameters / whole.parameters

    @torch.no_grad()
    def _apply(self) -> None:
        """A zeroed filter has no weight, no bias, and nothing that a batch norm adds to it."""
        for group in self.groups:
            zeroed = torch.from_numpy(~self.masks[group.root])
            for name in (*group.layers, *group.norms):
                for tensor in (self._layers[name].weight, self._layers[name].bias):
                    if isinstance(tensor, Tensor):
                        tensor[zeroed] = 0


def _whole(found: Sequence[Group]) -> Masks:
    return {group.root: np.ones(group.width, np.bool_) for group in found}
