"""Inner maps of the unpruned tail that the pruned one learns too, beside the answers.

Answers to pictures of few classes say little of all the others; what each layer reads says more,
and at every place. Compared are the maps whose channels are all there still, the unpruned tail's on
the pruned one's places; in some tails there are none. Source: Romero et al., "FitNets: Hints for
Thin Deep Nets" (2015); here all such maps at once, and none needs a regressor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from trunkline_training.nets.classifier import by_name
from trunkline_training.nets.eager import Weightless
from trunkline_training.nets.layer import Layer

LEAST = 1e-6
"""Variance of a map that does not vary."""
Maps = dict[str, Tensor]
"""What layers read, (N, C, H, W), by the layer's name."""


def shared(ours: nn.Module, theirs: nn.Module) -> list[str]:
    """The layers that read as many channels in both; depth-wise ones, which read one, left out."""
    own = _layers(ours)
    return [name for name, it in _layers(theirs).items() if _width(it) == _width(own[name]) > 1]


@contextmanager
def read(module: nn.Module, names: Collection[str]) -> Iterator[Maps]:
    """What these layers read while the module runs, but for what the module itself reads.

    Each map once: several layers may read the same.
    """
    found: Maps = {}
    known: list[Tensor] = []

    def enter(_module: nn.Module, given: tuple[Any, ...]) -> None:
        known.append(given[0])

    def keep(name: str, _layer: nn.Module, given: tuple[Any, ...]) -> None:
        if not any(given[0] is it for it in known):
            known.append(given[0])
            found[name] = given[0]

    layers = _layers(module)
    with ExitStack() as hooks:
        hooks.callback(module.register_forward_pre_hook(enter).remove)
        for name in names:
            hooks.callback(layers[name].register_forward_pre_hook(partial(keep, name)).remove)
        yield found


def pairs(ours: Maps, theirs: Maps, share: float = 1.0) -> list[tuple[Tensor, Tensor]]:
    """The maps that both have, theirs as far as ours see: `share` of a side, around the centre.

    Maps of which ours have more, for kernels that reach further, are as theirs anyhow and left out.
    """
    seen = {name: _middle(it.float(), share) for name, it in theirs.items() if name in ours}
    both = [(ours[name].float(), it) for name, it in seen.items()]
    return [(own, it) for own, it in both if own.shape[2] <= it.shape[2]]


def apart(ours: Maps, theirs: Maps, share: float = 1.0) -> Tensor:
    """The share of a map's variance that differs; the mean over `pairs`, of which there are."""
    return torch.stack([_share(own, it) for own, it in pairs(ours, theirs, share)]).mean()


def _middle(x: Tensor, share: float) -> Tensor:
    """`share` of a side of a map, around the centre; one place at least."""
    side = max(1, round(x.shape[2] * share))
    if (x.shape[2] - side) % 2:
        x = functional.avg_pool2d(x, 2, 1)  # half a place further on
    first = (x.shape[2] - side) // 2
    return Weightless().crop("", x, first, side)


def _share(ours: Tensor, wanted: Tensor) -> Tensor:
    if ours.shape != wanted.shape:
        wanted = Weightless().resample("", wanted, ours.shape[2])
    variance = wanted.var(dim=(0, 2, 3), unbiased=False).mean()
    return ((ours - wanted) ** 2).mean() / (variance + LEAST)


def _layers(module: nn.Module) -> Mapping[str, Layer]:
    return by_name(cast(nn.ModuleDict, module.layers))


def _width(layer: Layer) -> int:
    return layer.weight.shape[1]
