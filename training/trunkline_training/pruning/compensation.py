"""What the kept filters tell of the removed ones goes into the weights of those that read them.

At each place of a map the removed channels are predicted from the kept ones, best by least squares
over sample pictures, and the prediction is folded into the reader's weights and bias. In the manner
of Luo et al., "ThiNet" (2017), equation 7; here one matrix serves all places of a kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices

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

    def prediction(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """All channels as `matrix` (I, kept) times the kept ones plus `shift` (I,)."""
        mean = self.sum / self.count
        covariance = self.products / self.count - torch.outer(mean, mean)
        inner = covariance[kept][:, kept]
        ridge = PENALTY * inner.diagonal().mean() + 1e-12
        solved = torch.linalg.solve(inner + ridge * torch.eye(len(kept)), covariance[kept])
        matrix = solved.T  # (kept, I) -> (I, kept)
        matrix[kept] = torch.eye(len(kept)).double()  # these are there as they are
        return matrix, mean - matrix @ mean[kept]


def compensate(
    prunable: Prunable,
    found: Sequence[Group],
    gone: Mapping[str, Indices],
    batches: Iterable[Tensor],
) -> None:
    """Change the readers of `gone`, filters by their group's root, before these are removed."""
    layers = dict(prunable.module.named_modules())
    readers = {
        name: gone[group.root]
        for group in found
        for name in group.readers
        if len(gone.get(group.root, ()))
    }
    moments = _moments({layers[name]: name for name in readers}, prunable, batches)
    for name, indices in readers.items():
        _fold(layers[name], indices, moments[name])


def _moments(
    names: Mapping[nn.Module, str], prunable: Prunable, batches: Iterable[Tensor]
) -> dict[str, Moments]:
    found = {name: Moments() for name in names.values()}

    def keep(layer: nn.Module, inputs: Any) -> None:  # noqa: ANN401
        found[names[layer]].add(inputs[0])

    with ExitStack() as hooks:
        for layer in names:
            hooks.callback(layer.register_forward_pre_hook(keep).remove)
        for batch in batches:
            prunable.forward(batch)
    return found


@torch.no_grad()
def _fold(layer: nn.Module, indices: Indices, moments: Moments) -> None:
    """Weight (O, I, ...) and bias; a layer without a bias has a norm behind it, which shifts."""
    weight, bias = layer.weight, layer.bias
    if not isinstance(weight, Tensor) or weight.shape[1] != len(moments.sum):
        return  # it has groups, or reads a flattened map: it keeps its weights
    kept = torch.from_numpy(np.setdiff1d(np.arange(weight.shape[1]), indices))
    matrix, shift = moments.prediction(kept)
    flat = weight.flatten(2).double() if weight.ndim > 2 else weight[:, :, None].double()
    if isinstance(bias, Tensor):
        bias += (flat.sum(dim=2) @ shift).to(bias.dtype)
    new = torch.einsum("oip,ik->okp", flat, matrix)  # (O, I, places) -> (O, kept, places)
    weight[:, kept] = new.reshape(len(weight), len(kept), *weight.shape[2:]).to(weight.dtype)
