"""Layer by layer, what a pruned network makes of pictures is fitted to what the whole one made.

From the first layer to the last each convolution's weights change so that, from what the pruned
network gives it now, it makes the outputs that the whole network's had: best by least squares at
some places of sample pictures' maps. What earlier layers lost, later ones make good. Source: He,
Zhang, Sun, "Channel Pruning for Accelerating Very Deep Neural Networks" (2017), section 3.2: the
reconstruction of feature maps, for whole models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trunkline_training.progress import progress
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.ridge import Ridge

PENALTY = 1e-3
"""Ridge, relative to an input's mean variance: weights stay where nothing speaks for others."""
LEAST = 1e-9
"""A penalty where inputs do not vary at all: such weights stay as they are."""
Wanted = dict[str, list[tuple[Tensor, Tensor]]]
"""By layer, as they run, for each batch: places (N, P) of its map, flat, and what the filters that
stay made there, (N * P, filters)."""


class _Reached(Exception):
    """The layer in question has run: the rest of the network need not."""


def wanted(
    prunable: Prunable,
    found: Sequence[Group],
    gone: Mapping[str, Indices],
    batches: Iterable[Tensor],
    places: int,
    seed: int,
) -> Wanted:
    """What the network makes before the filters `gone` are removed, at random places."""
    removed = {name: gone.get(group.root, ()) for group in found for name in group.layers}
    rng = np.random.default_rng(seed)
    result: Wanted = {}

    def keep(name: str, _layer: nn.Module, _given: Any, output: Tensor) -> None:  # noqa: ANN401
        size = output.shape[2] * output.shape[3]
        everywhere = np.tile(np.arange(size), (len(output), 1))
        at = torch.from_numpy(rng.permuted(everywhere, axis=1)[:, :places])
        kept = np.setdiff1d(np.arange(output.shape[1]), removed.get(name, ()))
        result.setdefault(name, []).append((at, _rows(output, at)[:, torch.from_numpy(kept)]))

    with ExitStack() as hooks:
        for name, layer in prunable.convolutions.items():
            if layer.groups == 1:
                hooks.callback(layer.register_forward_hook(partial(keep, name)).remove)
        for batch in batches:
            prunable.forward(batch)
    return result


def refit(prunable: Prunable, found: Wanted, batches: Sequence[Tensor]) -> None:
    """Change the weights of the pruned network's layers; `batches` are those of `wanted`.

    Layers run once a batch, have a bias, and read a padding of zeros, with one stride and dilation
    in both directions: those of `Described` do.
    """
    for name, outputs in progress(found.items(), len(found), "layers fitted again"):
        _refit(prunable, prunable.convolutions[name], outputs, batches)


def _refit(
    prunable: Prunable,
    layer: nn.Conv2d,
    outputs: Iterable[tuple[Tensor, Tensor]],
    batches: Sequence[Tensor],
) -> None:
    sums = Ridge(layer.weight[0].numel(), layer.out_channels)
    rest = iter(outputs)

    def add(_layer: nn.Module, given: tuple[Tensor], output: Tensor) -> None:
        at, target = next(rest)
        missing = target - _rows(output, at)
        sums.add(_patches(layer, given[0], at, output.shape[3]).numpy(), missing.numpy())
        raise _Reached

    with layer.register_forward_hook(add):
        for batch in batches:
            with suppress(_Reached):
                prunable.forward(batch)
    weight, bias = sums.solve(PENALTY * sums.spread + LEAST)
    with torch.no_grad():
        layer.weight += torch.from_numpy(weight.reshape(layer.weight.shape))
        cast(Tensor, layer.bias).add_(torch.from_numpy(bias))


def _rows(maps: Tensor, at: Tensor) -> Tensor:
    """(N, C, H, W) at flat places (N, P): (N * P, C)."""
    index = at[:, None].expand(-1, maps.shape[1], -1)  # (N, P) -> (N, C, P)
    return maps.flatten(2).gather(2, index).transpose(1, 2).flatten(0, 1)


def _patches(layer: nn.Conv2d, x: Tensor, at: Tensor, width: int) -> Tensor:
    """What the layer reads for flat places (N, P) of its map, `width` wide: (N * P, I * k * k)."""
    high, wide = cast("tuple[int, int]", layer.padding)
    (stride, _), (dilation, _) = layer.stride, layer.dilation
    padded = functional.pad(x, (wide, wide, high, high))
    rows, columns = at // width * stride, at % width * stride
    parts = [
        _rows(padded, (rows + row * dilation) * padded.shape[3] + columns + column * dilation)
        for row in range(layer.kernel_size[0])
        for column in range(layer.kernel_size[1])
    ]
    return torch.stack(parts, dim=2).flatten(1)  # k * k of (N * P, I) -> (N * P, I * k * k)
