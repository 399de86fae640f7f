"""What the kept filters tell of the removed ones goes into the weights of those that read them.

At each place of a map the removed channels are predicted from the kept ones, best by least squares
over sample pictures, and the prediction is folded into the reader's weights and bias. In the manner
of Luo et al., "ThiNet" (2017), equation 7; here one matrix serves all places of a kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from trunkline_training.pruning.moments import Moments, of_inputs
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices


def compensate(
    prunable: Prunable,
    found: Sequence[Group],
    gone: Mapping[str, Indices],
    batches: Iterable[Tensor],
) -> None:
    """Change the readers of `gone`, filters by their group's root, before these are removed."""
    fold(prunable, found, gone, of_inputs(prunable, _readers(found, gone), batches))


def fold(
    prunable: Prunable,
    found: Sequence[Group],
    gone: Mapping[str, Indices],
    moments: Mapping[str, Moments],
) -> None:
    """The same by moments of what readers read; those without moments keep their weights."""
    layers = dict(prunable.module.named_modules())
    for name, indices in _readers(found, gone).items():
        if name in moments:
            _fold(layers[name], indices, moments[name])


def _readers(found: Sequence[Group], gone: Mapping[str, Indices]) -> dict[str, Indices]:
    """Of groups that lose filters, and which of what they read."""
    return {
        name: gone[group.root]
        for group in found
        for name in group.readers
        if len(gone.get(group.root, ()))
    }


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
