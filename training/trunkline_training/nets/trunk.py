"""A trunk in PyTorch, and the ONNX that it becomes: for those that are pruned and learn again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from trunkline.errors import UnknownNameError
from trunkline.weights import mobilenet_v2, vgg16
from trunkline.weights.conv import Activation, Conv, Padding
from trunkline.weights.layers import Layers, P, X
from trunkline_training.nets.classifier import by_name, folded, key_of
from trunkline_training.nets.eager import Eager
from trunkline_training.nets.layer import Layer


@dataclass(frozen=True)
class Front(ABC):
    """One trunk's architecture. `last` are the layers whose filters make its tensor's channels."""

    padding: Padding
    layers: ClassVar[tuple[str, ...]]
    activation: ClassVar[Activation]
    last: ClassVar[tuple[str, ...]]

    @abstractmethod
    def describe(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> X:
        """Pictures to features."""

    @abstractmethod
    def onnx(self, convs: Mapping[str, Conv]) -> bytes:
        """The trunk as it is served."""


class MobileNetV2Front(Front):
    """Stages 0 to 6."""

    layers = mobilenet_v2.TRUNK_LAYERS
    activation = mobilenet_v2.ACTIVATION
    last = tuple(f"{stage}.project" for stage in (4, 5, 6))  # one width, added to each other

    def describe(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> X:
        """(3, 224, 224) to (32, 28, 28)."""
        return mobilenet_v2.front(graph, x, convs, self.padding, mobilenet_v2.TRUNK_STAGES)

    def onnx(self, convs: Mapping[str, Conv]) -> bytes:
        """`image` -> `features`."""
        return mobilenet_v2.trunk_model(convs, self.padding)


class Vgg16Front(Front):
    """Up to pool4."""

    layers = vgg16.TRUNK_LAYERS
    activation = vgg16.ACTIVATION
    last = (vgg16.TRUNK_LAYERS[-1],)

    def describe(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> X:
        """(3, 224, 224) to (512, 14, 14)."""
        return vgg16.front(graph, x, convs)

    def onnx(self, convs: Mapping[str, Conv]) -> bytes:
        """`image` -> `features`."""
        return vgg16.trunk_model(convs)


FRONTS: dict[str, type[Front]] = {"mobilenet_v2": MobileNetV2Front, "vgg16": Vgg16Front}


def front(name: str, padding: Padding) -> Front:
    """The architecture of the trunk `name`; UnknownNameError (with the known ones)."""
    if name not in FRONTS:
        raise UnknownNameError("trunk", name, list(FRONTS))
    return FRONTS[name](padding)


class TrunkModule(nn.Module):
    """A trunk with its weights."""

    def __init__(self, architecture: Front, convs: Mapping[str, Conv]) -> None:
        super().__init__()
        self.architecture = architecture
        self.layers = nn.ModuleDict(
            {
                key_of(name): Layer(conv.weight, conv.bias, normed=False, given=True)
                for name, conv in convs.items()
            }
        )

    def forward(self, image: Tensor) -> Tensor:
        """Preprocessed pictures (N, 3, H, W) to features (N, C, H', W')."""
        return self.architecture.describe(Eager(), image, by_name(self.layers))

    def onnx(self) -> bytes:
        """The trunk as it is served."""
        return self.architecture.onnx(folded(self.layers))
