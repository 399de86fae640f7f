"""A network's description run over PyTorch's own convolutions, so that its structure can be traced.

The same description as `nets.eager.Eager` runs and `weights.graph.Graph` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from trunkline.weights.conv import Activation, Conv, Padding, rounded, same_padding
from trunkline_training.nets.classifier import key_of
from trunkline_training.nets.eager import Weightless

Convolutions = Mapping[str, nn.Conv2d]


class Plain(Weightless):
    """The operations of a description, with convolutions and activations that are modules."""

    def __init__(self, activations: Mapping[str, nn.Module]) -> None:
        self._activations = activations

    def conv(
        self,
        name: str,
        x: Tensor,
        conv: nn.Conv2d,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> Tensor:
        """A square convolution with its activation."""
        reach = dilation * (conv.kernel_size[0] - 1) + 1
        top, bottom = same_padding(x.shape[2], reach, stride, padding)
        left, right = same_padding(x.shape[3], reach, stride, padding)
        # weights do not say how they are moved over a map: descriptions do
        conv.stride, conv.dilation = (stride, stride), (dilation, dilation)
        if (left, top) == (right, bottom):
            conv.padding = (top, left)
        else:
            conv.padding, x = (0, 0), functional.pad(x, (left, right, top, bottom))
        y: Tensor = conv(x)
        return y if activation == "linear" else self._activations[activation](y)


Describe = Callable[[Plain, Tensor, Convolutions], Sequence[Tensor]]


class Described(nn.Module):
    """A description's network with the weights `convs`, and what it gives."""

    def __init__(self, describe: Describe, convs: Mapping[str, Conv]) -> None:
        super().__init__()
        self._describe = describe
        self.layers = nn.ModuleDict({key_of(name): _module(conv) for name, conv in convs.items()})
        self.activations = nn.ModuleDict({"relu": nn.ReLU(), "relu6": nn.ReLU6()})

    def forward(self, x: Tensor) -> list[Tensor]:
        """What the description gives for a batch (N, C, H, W)."""
        convs = {name: cast(nn.Conv2d, layer) for name, layer in self._named()}
        activations = dict(self.activations.items())
        return list(self._describe(Plain(activations), x, convs))

    def convs(self) -> dict[str, Conv]:
        """Every convolution as it is stored, float16."""
        return {name: _stored(cast(nn.Conv2d, layer)) for name, layer in self._named()}

    def _named(self) -> list[tuple[str, nn.Module]]:
        return [(key.replace("/", "."), layer) for key, layer in self.layers.items()]


def module_name(layer: str) -> str:
    """The name that a description's layer has among the modules of `Described`."""
    return f"layers.{key_of(layer)}"


def _module(conv: Conv) -> nn.Conv2d:
    out, per_group, kernel, _ = conv.weight.shape
    # of the networks described here, those with one input a group have a filter for each input
    groups = out if per_group == 1 else 1
    layer = nn.Conv2d(per_group * groups, out, kernel, groups=groups)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(conv.weight.astype("float32")))
        cast(Tensor, layer.bias).copy_(torch.from_numpy(conv.bias.astype("float32")))
    return layer


def _stored(layer: nn.Conv2d) -> Conv:
    weight, bias = layer.weight.detach(), cast(Tensor, layer.bias).detach()
    return rounded(weight.numpy(), bias.numpy())
