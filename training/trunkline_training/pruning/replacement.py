"""Filter replacement before pruning: the least important filters become copies of important ones.

Source: Yata (Chiba University, KAKENHI 17K00334). What reads the filters stays as it is, so that
the copies, which get other gradients, grow apart while the network is trained again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from trunkline.errors import UnknownNameError
from trunkline_training.pruning.criteria import Floats
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import DOUBLE, NONE, VARIANTS


def sources(scores: Floats, share: float, variant: str) -> tuple[Indices, Indices]:
    """Which filters are replaced, and by which: the `share` of lowest scores.

    `double`: by as many of the highest scores, once each; `single`: all by the best one. Raises
    UnknownNameError for another variant.
    """
    if variant not in VARIANTS:
        raise UnknownNameError("replacement", variant, list(VARIANTS))
    order = np.argsort(scores, kind="stable")
    count = 0 if variant == NONE else min(round(share * len(order)), len(order) // 2)
    replaced = order[:count]
    best = order[::-1][:count].copy() if variant == DOUBLE else np.repeat(order[-1:], count)
    return replaced, best


def replace(
    prunable: Prunable,
    found: Sequence[Group],
    scores: Mapping[str, Floats],
    share: float,
    variant: str,
) -> None:
    """Replace filters of each group, with their biases and their batch norms."""
    layers = dict(prunable.module.named_modules())
    for group in found:
        replaced, best = sources(scores[group.root], share, variant)
        for name in (*group.layers, *group.norms):
            _copy(layers[name], replaced, best)


@torch.no_grad()
def _copy(layer: nn.Module, to: Indices, of: Indices) -> None:
    """Rows `of` of each tensor that has one for each filter, to the rows `to`."""
    for tensor in _rows(layer):
        tensor[torch.from_numpy(to)] = tensor[torch.from_numpy(of)]


def _rows(layer: nn.Module) -> list[Tensor]:
    everything = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
    return [tensor for tensor in everything if tensor.ndim]  # a norm counts its batches, too
