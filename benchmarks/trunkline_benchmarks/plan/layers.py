"""Where each trunk's network could be cut, and how many elements would cross there. No PyTorch.

VGG16 may be cut behind every convolution and pooling of its `features`; MobileNetV2 behind its stem
and behind every inverted residual block, so that no skip connection crosses a cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trunkline.errors import UnknownNameError
from trunkline.types import Shape
from trunkline.weights import mobilenet_v2, vgg16

INPUT: Shape = (3, 224, 224)
INPUT_ELEMENTS = math.prod(INPUT)
"""150 528: what a cut has to stay below to be smaller than the picture."""

VGG16_CHANNELS = (64, 128, 256, 512, 512)
VGG16_GROUPS = (*vgg16.LAYERS, ("5_1", "5_2", "5_3"))
"""VGG16's 3x3 convolutions, by the pooling that follows them (configuration D)."""


@dataclass(frozen=True)
class Cut:
    """One place to cut: its name, the tensor (C, H, W) that crosses, and that tensor's ONNX name.

    `modules` is how many of the `features` of torchvision's network lie before it.
    """

    name: str
    shape: Shape
    tensor: str
    modules: int

    @property
    def elements(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    @property
    def smaller(self) -> bool:
        """Whether it has fewer elements than the input picture."""
        return self.elements < INPUT_ELEMENTS


def cuts(trunk: str) -> tuple[Cut, ...]:
    """Every possible cut of the network of `trunk`, from the input on; UnknownNameError."""
    if trunk not in _NETWORKS:
        raise UnknownNameError("trunk", trunk, list(_NETWORKS))
    return tuple(_NETWORKS[trunk]())


def layer_elements(trunk: str) -> list[tuple[str, int]]:
    """(name, elements) per possible cut, from the input on; UnknownNameError."""
    return [(cut.name, cut.elements) for cut in cuts(trunk)]


def _vgg16() -> Iterator[Cut]:
    side, modules = INPUT[1], 0
    for number, names in enumerate(VGG16_GROUPS, start=1):
        channels = VGG16_CHANNELS[number - 1]
        for name in names:
            modules += 2  # a convolution and its ReLU
            yield Cut(f"conv{name}", (channels, side, side), f"{name}.relu", modules)
        side, modules = side // 2, modules + 1
        yield Cut(f"pool{number}", (channels, side, side), f"pool{number}", modules)


def _mobilenet_v2() -> Iterator[Cut]:
    side = INPUT[1] // 2
    yield Cut("stem", (32, side, side), f"{mobilenet_v2.STEM}.relu6", 1)
    for block in mobilenet_v2.BLOCKS.values():
        side //= block.stride
        skips = block.stride == 1 and block.channels_in == block.channels_out
        tensor = f"{block.stage}.add" if skips else f"{block.stage}.project.conv"
        # the published method counts the stem as the first bottleneck
        name = f"bottleneck{block.stage + 1}"
        yield Cut(name, (block.channels_out, side, side), tensor, block.stage + 1)


_NETWORKS: dict[str, Callable[[], Iterator[Cut]]] = {
    "mobilenet_v2": _mobilenet_v2,
    "vgg16": _vgg16,
}
