"""Which filters go together, by Torch-Pruning's dependency graph, and their removal.

Source: Fang et al., "DepGraph: Towards Any Structural Pruning" (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch_pruning
from numpy.typing import NDArray
from torch import nn

from trunkline.errors import TrunklineError
from trunkline.text import one_line
from trunkline_training.pruning.prunable import Prunable

Indices = NDArray[np.int64]
LONGEST = 150
"""Characters of another's error in ours."""


@dataclass(frozen=True)
class Group:
    """Filters that go together, by their index.

    `makers` are the convolutions whose outputs they are (several where outputs are added), the
    first of them the root; `grouped` ones have a filter for each of these; `readers` read them;
    `norms` are batch norms behind them. Names are the module's.
    """

    width: int
    makers: tuple[str, ...]
    grouped: tuple[str, ...]
    readers: tuple[str, ...]
    norms: tuple[str, ...]

    @property
    def root(self) -> str:
        """The convolution that the group is named after."""
        return self.makers[0]

    @property
    def layers(self) -> tuple[str, ...]:
        """The convolutions that have one filter for each."""
        return (*self.makers, *self.grouped)


def groups(prunable: Prunable) -> list[Group]:
    """Every group of filters that may be removed, in the module's order.

    Raises TrunklineError where the module cannot be traced, its channels are joined or re-ordered,
    or layers of other kinds have them.
    """
    graph = _graph(prunable)
    names = {layer: name for name, layer in prunable.module.named_modules()}
    found = graph.get_all_groups(
        ignored_layers=list(prunable.kept()), root_module_types=[nn.Conv2d]
    )
    everything = [_group(graph, members, names) for members in found]
    result = [group for group in everything if group.readers]  # the others are the answers
    if not result:
        raise TrunklineError(
            "no filter may be removed: expected convolutions behind which others read"
        )
    return result


def remove(prunable: Prunable, gone: Mapping[str, Indices]) -> None:
    """Remove the filters `gone`, by the root of their group, from the module for good."""
    for root, indices in gone.items():
        if not len(indices):
            continue
        graph = _graph(prunable)
        layer = prunable.convolutions[root]
        chosen = graph.get_pruning_group(
            layer, torch_pruning.prune_conv_out_channels, idxs=[int(index) for index in indices]
        )
        if not graph.check_pruning_group(chosen):
            raise TrunklineError(f"group {root} would lose all of its filters: remove fewer")
        chosen.prune()


def _graph(prunable: Prunable) -> Any:  # noqa: ANN401 - Torch-Pruning has no types
    for parameter in prunable.module.parameters():
        parameter.requires_grad_(True)
    prunable.module.eval()
    graph = torch_pruning.DependencyGraph()
    try:
        return graph.build_dependency(prunable.module, example_inputs=prunable.example)
    except Exception as error:  # whatever a module of anybody's raises
        text = one_line(str(error), LONGEST)
        raise TrunklineError(
            f"the module cannot be traced ({type(error).__name__}: {text}): expected "
            "one that runs on the example with gradients"
        ) from error


def _group(graph: Any, members: Any, names: Mapping[nn.Module, str]) -> Group:  # noqa: ANN401
    parts: dict[str, list[str]] = {"makers": [], "grouped": [], "readers": [], "norms": []}
    for dep, indices in members:
        layer = dep.target.module
        if layer not in names:
            continue  # an operation, no layer
        name = names[layer]
        _require_known(name, layer)
        if list(indices) != list(range(len(indices))):
            raise TrunklineError(
                f"{name} reads several layers' channels joined, or in another order: expected one "
                "layer's, as they come"
            )
        parts[_part(layer, graph.is_out_channel_pruning_fn(dep.handler))].append(name)
    unique = {part: tuple(dict.fromkeys(found)) for part, found in parts.items()}
    return Group(len(members[0].idxs), **unique)


def _require_known(name: str, layer: nn.Module) -> None:
    whole = isinstance(layer, nn.Conv2d) and layer.groups in (1, layer.out_channels)
    if not whole and not isinstance(layer, (nn.Linear, nn.BatchNorm2d)):
        raise TrunklineError(
            f"{name}, a {type(layer).__name__}, cannot lose channels here: expected Conv2d (whole "
            "or depth-wise), BatchNorm2d and Linear alone behind filters"
        )


def _part(layer: nn.Module, makes: bool) -> str:
    if isinstance(layer, nn.BatchNorm2d):
        return "norms"
    if isinstance(layer, nn.Conv2d) and layer.groups == layer.out_channels > 1:
        return "grouped"
    return "makers" if makes else "readers"
