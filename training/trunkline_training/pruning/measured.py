"""How many filters each group keeps, by how much the answers suffer where it alone is thinned.

Scores compare the filters of a group; they say little about groups. Here each group is narrowed
alone, to several widths, and what the network then answers is compared with what it answered, as
`Prunable.apart` says. The network is narrowed step by step, always where the least is lost for what
is saved. Groups are taken as if they lost nothing but their own, though several may lose more
together. In the manner of Li et al., "Pruning Filters for Efficient ConvNets" (2017), section 3.2:
each layer's sensitivity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from trunkline_training.progress import progress
from trunkline_training.pruning import choice, compensation
from trunkline_training.pruning.cost import Costs
from trunkline_training.pruning.criteria import Floats
from trunkline_training.pruning.moments import Moments, of_inputs
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.pruning.wanted import Wanted

WIDTHS = 8
"""Steps from a group as it is to the least of it."""
Losses = Mapping[str, Mapping[int, float]]
"""By a group's root and its width, how far the answers are from the whole network's."""


def losses(
    prunable: Prunable,
    found: Sequence[Group],
    scores: Mapping[str, Floats],
    wanted: Wanted,
    batches: Sequence[Tensor],
    compensate: bool,
) -> Losses:
    """What each group loses at several widths, its lowest scores gone.

    Readers are compensated by every other batch; answers are compared on the batches between.
    """
    learnt, seen = batches[::2], batches[1::2] or batches
    readers = {name for group in found for name in group.readers} if compensate else set()
    moments = of_inputs(prunable, readers, learnt)
    whole = answers(prunable, seen)
    result: dict[str, dict[int, float]] = {}
    for group in progress(found, len(found), "groups measured"):
        result[group.root] = {group.width: 0.0}
        for width in _widths(group, wanted):
            gone = choice.lowest(scores, {group.root: width})
            with _without(prunable, group, gone, moments):
                result[group.root][width] = prunable.apart(whole, answers(prunable, seen))
    return result


def widths(found: Losses, costs: Costs, wanted: Wanted) -> dict[str, int]:
    """How many filters each group keeps, by its root; it can be done, see `choice.require`."""
    before, kept = costs.total(), {root: max(by_width) for root, by_width in found.items()}
    root = ""
    while choice.missing(wanted, before, costs.total(kept)) > 0:
        root, width = min(_steps(found, kept), key=partial(_price, found, costs, wanted, kept))
        wide, kept[root] = kept[root], width
    if root:  # the last step may have been longer than it had to be
        kept[root] = next(
            width
            for width in reversed(range(kept[root], wide, wanted.multiple))
            if choice.missing(wanted, before, costs.total({**kept, root: width})) <= 0
        )
    return kept


def answers(prunable: Prunable, batches: Sequence[Tensor]) -> list[Tensor]:
    """What the module gives for all of them, each (N, ...)."""
    parts = [prunable.forward(batch) for batch in batches]
    return [torch.cat(each) for each in zip(*parts, strict=True)]


def _widths(group: Group, wanted: Wanted) -> list[int]:
    """From wide to narrow, the group as it is left out."""
    found = {
        choice.width(group.width, group.width * (1 - step / WIDTHS), wanted)
        for step in range(1, WIDTHS + 1)
    }
    return sorted(found - {group.width}, reverse=True)


@contextmanager
def _without(
    prunable: Prunable, group: Group, gone: Mapping[str, Indices], moments: Mapping[str, Moments]
) -> Iterator[None]:
    """Nobody reads these filters meanwhile, which is as if they were removed."""
    layers = dict(prunable.module.named_modules())
    readers = [layers[name] for name in group.readers]
    before = [{key: it.clone() for key, it in layer.state_dict().items()} for layer in readers]
    compensation.fold(prunable, [group], gone, moments)
    for layer in readers:
        _deafen(layer, group, gone[group.root])
    try:
        yield
    finally:
        for layer, state in zip(readers, before, strict=True):
            layer.load_state_dict(state)


@torch.no_grad()
def _deafen(layer: nn.Module, group: Group, indices: Indices) -> None:
    weight = cast(Tensor, layer.weight)
    # a linear layer behind a flattened map reads several values of each channel
    by_channel = weight.view(len(weight), group.width, -1)
    by_channel[:, torch.from_numpy(indices)] = 0


def _steps(found: Losses, kept: Mapping[str, int]) -> list[tuple[str, int]]:
    return [
        (root, width)
        for root, by_width in found.items()
        for width in by_width
        if width < kept[root]
    ]


def _price(
    found: Losses, costs: Costs, wanted: Wanted, kept: Mapping[str, int], step: tuple[str, int]
) -> float:
    """How much more is lost for what the step saves."""
    root, width = step
    saved = costs.total({**kept, root: width}).removed(costs.total(kept))
    more = found[root][width] - found[root][kept[root]]
    return more / max(saved.macs if wanted.macs else saved.parameters, 1)
