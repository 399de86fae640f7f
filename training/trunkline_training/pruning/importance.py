"""What the filters of each group are worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from torch import Tensor

from trunkline_training.pruning.criteria import Criterion, Floats
from trunkline_training.pruning.maps import maps
from trunkline_training.pruning.moments import of_inputs
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group


def importance(
    prunable: Prunable, found: Sequence[Group], criterion: Criterion, batches: Iterable[Tensor]
) -> dict[str, Floats]:
    """Scores (width,) by each group's root; of several layers, the mean.

    Each layer's scores are divided by their mean first, so that all have the same say.
    """
    if criterion.heard:
        return _heard(prunable, found, criterion, batches)
    by_layer = layer_scores(prunable, criterion, batches)
    return {
        group.root: np.mean([_scaled(by_layer[name]) for name in group.layers], axis=0)
        for group in found
    }


def layer_scores(
    prunable: Prunable, criterion: Criterion, batches: Iterable[Tensor]
) -> dict[str, Floats]:
    """Scores (O,) of every convolution."""
    if not criterion.seen:
        return {
            name: criterion.scores(name, layer.weight.detach().numpy())
            for name, layer in prunable.convolutions.items()
        }
    sums: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    for name, found in maps(prunable, batches):
        each = criterion.of_maps(found.numpy())
        sums[name] = sums.get(name, 0) + each.sum(axis=0)
        counts[name] = counts.get(name, 0) + len(each)
    return {name: total / counts[name] for name, total in sums.items()}


def _heard(
    prunable: Prunable, found: Sequence[Group], criterion: Criterion, batches: Iterable[Tensor]
) -> dict[str, Floats]:
    """Sums over the readers of each group."""
    layers = dict(prunable.module.named_modules())
    readers = {name for group in found for name in group.readers}
    moments = of_inputs(prunable, readers, batches)
    result: dict[str, Floats] = {}
    for group in found:
        total = np.zeros(group.width)
        for name in group.readers:
            weight = cast(Tensor, layers[name].weight).detach().double()
            flat = weight.flatten(2) if weight.ndim > 2 else weight[:, :, None]
            each = criterion.of_reader(flat.numpy(), moments[name].covariance.numpy())
            # a linear layer behind a flattened map reads several values of each channel
            total += each.reshape(group.width, -1).sum(axis=1)
        result[group.root] = total
    return result


def _scaled(scores: Floats) -> Floats:
    mean = scores.mean()
    return scores / mean if mean > 0 else scores
