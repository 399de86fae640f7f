"""The feature maps that a module's filters make of sample pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn

from trunkline_training.pruning.prunable import Prunable

BEHIND = (nn.BatchNorm2d, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.SiLU, nn.Hardswish)
"""What follows a convolution and belongs to its filters."""


def maps(prunable: Prunable, batches: Iterable[Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Each convolution's maps (N, O, H, W) of each batch, behind batch norm and activation."""
    names: dict[nn.Module, str] = {layer: name for name, layer in prunable.convolutions.items()}
    for batch in batches:
        found: dict[str, Tensor] = {}
        last = ""

        def keep(layer: nn.Module, _: Any, output: Tensor) -> None:  # noqa: ANN401
            nonlocal last
            last = names.get(layer, last if isinstance(layer, BEHIND) else "")
            if last:
                found[last] = output  # noqa: B023 - called before the next batch

        with ExitStack() as hooks:
            for layer in prunable.module.modules():
                if not list(layer.children()):
                    hooks.callback(layer.register_forward_hook(keep).remove)
            prunable.forward(batch)
        yield from found.items()
