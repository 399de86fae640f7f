"""Means and covariances of what layers read, over sample pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from trunkline_training.pruning.prunable import Prunable

PENALTY = 1e-2
"""Ridge, relative to the mean variance of a channel."""


class Moments:
    """Sums over all places of what a layer reads: channels, and their products."""

    def __init__(self) -> None:
        self.count, self.sum, self.products = 0, torch.zeros(()), torch.zeros(())

    def add(self, x: Tensor) -> None:
        """A batch (N, I, ...)."""
        rows = x.transpose(0, 1).flatten(1).double()  # (N, I, ...) -> (I, places)
        self.count += rows.shape[1]
        self.sum = self.sum + rows.sum(dim=1)
        self.products = self.products + rows @ rows.T

    @property
    def covariance(self) -> Tensor:
        """(I, I)."""
        mean = self.sum / self.count
        return self.products / self.count - torch.outer(mean, mean)

    def prediction(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """All channels as `matrix` (I, kept) times the kept ones plus `shift` (I,)."""
        mean, covariance = self.sum / self.count, self.covariance
        inner = covariance[kept][:, kept]
        ridge = PENALTY * inner.diagonal().mean() + 1e-12
        solved = torch.linalg.solve(inner + ridge * torch.eye(len(kept)), covariance[kept])
        matrix = solved.T  # (kept, I) -> (I, kept)
        matrix[kept] = torch.eye(len(kept)).double()  # these are there as they are
        return matrix, mean - matrix @ mean[kept]


def of_inputs(
    prunable: Prunable, readers: Collection[str], batches: Iterable[Tensor]
) -> dict[str, Moments]:
    """Of what each of these layers reads, by name."""
    layers = dict(prunable.module.named_modules())
    names: dict[nn.Module, str] = {layers[name]: name for name in readers}
    found = {name: Moments() for name in names.values()}

    def keep(layer: nn.Module, inputs: Any) -> None:  # noqa: ANN401
        found[names[layer]].add(inputs[0])

    with ExitStack() as hooks:
        for layer in names:
            hooks.callback(layer.register_forward_pre_hook(keep).remove)
        for batch in batches:
            prunable.forward(batch)
    return found
