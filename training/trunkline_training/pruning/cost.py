"""What a network costs: multiply-accumulates and parameters, whole and after a removal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn

from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.structure import Group


@dataclass(frozen=True)
class Cost:
    """For one input: multiply-accumulates of convolutions and linear layers, and parameters."""

    macs: int
    parameters: int

    def removed(self, since: Cost) -> Cost:
        """What is missing from another one."""
        return Cost(since.macs - self.macs, since.parameters - self.parameters)


def figures(before: Cost, after: Cost) -> dict[str, float]:
    """`macs`, `macs_before`, `macs_removed` (a share), the same of parameters."""
    found: dict[str, float] = {}
    for name in ("macs", "parameters"):
        now, then = getattr(after, name), getattr(before, name)
        found |= {name: now, f"{name}_before": then, f"{name}_removed": 1 - now / then}
    return {name: round(float(value), 4) for name, value in found.items()}


@dataclass(frozen=True)
class LayerCost:
    """One layer's: how often each weight is used, outputs, inputs of a group, kernel's area.

    `grouped` layers have a filter for each input; `own` parameters stand beside the weights, for
    each output.
    """

    uses: int
    out: int
    per_group: int
    area: int
    own: int
    grouped: bool

    def cost(self, kept_out: float, kept_in: float) -> tuple[float, float]:
        """Both with these shares of outputs and inputs."""
        inputs = 1.0 if self.grouped else self.per_group * kept_in
        weights = self.out * kept_out * inputs * self.area
        return weights * self.uses, weights + self.own * self.out * kept_out


class Costs:
    """A module's layers, measured once on its example."""

    def __init__(self, prunable: Prunable, found: Sequence[Group]) -> None:
        self.layers = _layers(prunable)
        self._makes = {name: group.root for group in found for name in group.layers}
        self._reads = {name: group.root for group in found for name in group.readers}
        self._widths = {group.root: group.width for group in found}

    def total(self, kept: Mapping[str, int] | None = None) -> Cost:
        """Of the whole module, or with `kept` filters in the groups named by their roots."""
        macs = parameters = 0.0
        for name, layer in self.layers.items():
            own = self._share(self._makes.get(name), kept)
            read = self._share(self._reads.get(name), kept)
            used, stored = layer.cost(own, read)
            macs, parameters = macs + used, parameters + stored
        return Cost(round(macs), round(parameters))

    def _share(self, root: str | None, kept: Mapping[str, int] | None) -> float:
        if root is None or kept is None:
            return 1.0
        return kept.get(root, self._widths[root]) / self._widths[root]


def _layers(prunable: Prunable) -> dict[str, LayerCost]:
    found: dict[str, LayerCost] = {}
    names: dict[nn.Module, str] = {
        layer: name
        for name, layer in prunable.module.named_modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    }

    def measure(layer: nn.Module, _: Any, output: Tensor) -> None:  # noqa: ANN401
        found[names[layer]] = _layer(layer, output)

    handles = [layer.register_forward_hook(measure) for layer in names]
    try:
        prunable.forward(prunable.example)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _layer(layer: nn.Module, output: Tensor) -> LayerCost:
    weight, own = cast(Tensor, layer.weight), int(layer.bias is not None)
    if weight.ndim == 2:  # (O, I)
        return LayerCost(1, weight.shape[0], weight.shape[1], 1, own, False)
    out, per_group, height, width = weight.shape
    uses = output.shape[2] * output.shape[3]
    grouped = isinstance(layer, nn.Conv2d) and layer.groups == out and out > 1
    return LayerCost(uses, out, per_group, height * width, own, grouped)
