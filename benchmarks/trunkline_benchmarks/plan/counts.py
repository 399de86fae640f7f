"""Multiply-accumulates and parameters of torchvision's networks, by PyTorch's own flop counter.

The networks are built without weights on PyTorch's `meta` device: nothing is computed, only shapes
and operations are seen. One multiply-accumulate is two of the counter's floating point operations;
biases, activations, poolings and normalisations, which it leaves out, are left out here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from trunkline_benchmarks.plan import layers
from trunkline_benchmarks.plan.layers import Cut

OPERATIONS_PER_MAC = 2


@dataclass(frozen=True)
class CutCount:
    """One possible cut with what lies on either side of it, for one picture."""

    cut: Cut
    macs_before: int
    macs_after: int
    parameters_before: int
    parameters_after: int


def network(trunk: str) -> nn.Module:
    """The whole network of `trunk` as torchvision builds it, on `meta`; UnknownNameError."""
    layers.cuts(trunk)
    with torch.device("meta"):
        built: nn.Module = torchvision.models.get_model(trunk, weights=None)
    return built.eval()


def between(trunk: str, start: str, end: str) -> nn.Module:
    """The part of the network of `trunk` from one cut to a later one, by their names."""
    modules = {cut.name: cut.modules for cut in layers.cuts(trunk)}
    return _features(network(trunk))[modules[start] : modules[end]]


def macs(module: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates of `module` for one input of `shape`, without the batch dimension."""
    counter: Any = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        module(torch.empty((1, *shape), device="meta"))
    return int(counter.get_total_flops()) // OPERATIONS_PER_MAC


def parameters(module: nn.Module) -> int:
    """Learnt values of `module`; a normalisation's running statistics are none."""
    return sum(parameter.numel() for parameter in module.parameters())


def count(trunk: str) -> tuple[CutCount, ...]:
    """Every possible cut of the network of `trunk`, from the input on; UnknownNameError."""
    whole = network(trunk)
    all_macs, all_parameters = macs(whole, layers.INPUT), parameters(whole)
    found, shape = [], layers.INPUT
    done = learnt = start = 0
    for cut in layers.cuts(trunk):
        piece = _features(whole)[start : cut.modules]
        done, learnt = done + macs(piece, shape), learnt + parameters(piece)
        found.append(CutCount(cut, done, all_macs - done, learnt, all_parameters - learnt))
        start, shape = cut.modules, cut.shape
    return tuple(found)


def _features(whole: nn.Module) -> nn.Sequential:
    features = whole.features
    if not isinstance(features, nn.Sequential):
        raise TypeError("torchvision's network has no sequence `features`")
    return features
