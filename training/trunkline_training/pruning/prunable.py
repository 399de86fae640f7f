"""What can be pruned: a module of PyTorch's own layers, an example of what it reads, what stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trunkline_training.pruning.apart import Apart, variance


@dataclass(frozen=True, eq=False)
class Prunable:
    """`example` is a batch (N, ...); convolutions named in `fixed` keep all of their filters.

    `apart` says how much it matters that the module gives something else than before.
    """

    module: nn.Module
    example: Tensor
    fixed: frozenset[str] = frozenset()
    apart: Apart = variance

    @property
    def convolutions(self) -> dict[str, nn.Conv2d]:
        """By the module's own names, in its order."""
        return {
            name: layer
            for name, layer in self.module.named_modules()
            if isinstance(layer, nn.Conv2d)
        }

    def forward(self, batch: Tensor) -> Sequence[Tensor]:
        """What the module gives in evaluation mode, each (N, ...); runs what is hooked to it."""
        self.module.eval()
        with torch.no_grad():
            answers = self.module(batch)
        return [answers] if isinstance(answers, Tensor) else answers

    def kept(self) -> Sequence[nn.Module]:
        """The layers whose outputs stay."""
        return [layer for name, layer in self.convolutions.items() if name in self.fixed]
