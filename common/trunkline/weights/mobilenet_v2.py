"""MobileNetV2 1.0, described once: for the trunk, for its classifier and for SSDLite's backbone.

Architecture: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018),
table 2. Stages are numbered as in torchvision's `features`: 0 is the stem, 1..17 are the inverted
residual blocks, 18 is the last 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trunkline.weights.conv import Activation, Conv, Half, Padding
from trunkline.weights.layers import Layers, P, X

ACTIVATION: Activation = "relu6"
TRUNK_STAGES = 7
"""Stages 0..6, up to the paper's "Bottleneck7" (it counts the stem): (32, 28, 28)."""

Convs = Mapping[str, Conv]
"""A network's convolutions by layer name: `0`, `1.depthwise`, ..., `18`."""


@dataclass(frozen=True)
class Block:
    """One inverted residual block: stage number, channels, stride, whether it expands first."""

    stage: int
    channels_in: int
    channels_out: int
    stride: int
    expands: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its convolutions in order."""
        middle = ("depthwise", "project")
        names = ("expand", *middle) if self.expands else middle
        return tuple(f"{self.stage}.{name}" for name in names)


def _blocks() -> Iterator[Block]:
    # (expansion, channels, repeats, stride) as in the paper's table 2
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    rows += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    stage, channels = 1, 32
    for expansion, width, repeats, stride in rows:
        for repeat in range(repeats):
            yield Block(stage, channels, width, stride if repeat == 0 else 1, expansion != 1)
            stage, channels = stage + 1, width


BLOCKS = {block.stage: block for block in _blocks()}
STEM, HEAD = "0", "18"
STITCH = "stitch"
"""The convolution that ties these blocks to a trunk they were not made for."""
LAYERS = (STEM, *(part for block in BLOCKS.values() for part in block.parts), HEAD)
TRUNK_LAYERS = tuple(name for name in LAYERS if int(name.split(".")[0]) < TRUNK_STAGES)


def stem(graph: Layers[X, P], x: X, convs: Mapping[str, P], padding: Padding) -> X:
    """Stage 0: (3, H, W) -> (32, H / 2, W / 2)."""
    conv = convs[STEM]
    return graph.conv(STEM, x, conv, padding=padding, activation=ACTIVATION, stride=2)


def head(graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> X:
    """Stage 18: (320, H, W) -> (1280, H, W)."""
    return graph.conv(HEAD, x, convs[HEAD], padding="symmetric", activation=ACTIVATION)


def expand(graph: Layers[X, P], x: X, convs: Mapping[str, P], block: Block) -> X:
    """The block's first 1x1 convolution (SSDLite taps its output); `x` where it has none."""
    if not block.expands:
        return x
    name = block.parts[0]
    return graph.conv(name, x, convs[name], padding="symmetric", activation=ACTIVATION)


def finish(
    graph: Layers[X, P],
    x: X,
    expanded: X,
    convs: Mapping[str, P],
    block: Block,
    padding: Padding,
) -> X:
    """The rest of a block whose input is `x`: depth-wise, projection, residual."""
    out = project(graph, deepen(graph, expanded, convs, block, padding), convs, block)
    if block.stride == 1 and block.channels_in == block.channels_out:
        return graph.add(f"{block.stage}.add", x, out)
    return out


def deepen(
    graph: Layers[X, P], expanded: X, convs: Mapping[str, P], block: Block, padding: Padding
) -> X:
    """The block's depth-wise convolution."""
    name = block.parts[-2]
    return graph.conv(
        name,
        expanded,
        convs[name],
        padding=padding,
        activation=ACTIVATION,
        stride=block.stride,
    )


def project(graph: Layers[X, P], middle: X, convs: Mapping[str, P], block: Block) -> X:
    """The block's last convolution, which is linear."""
    name = block.parts[-1]
    return graph.conv(name, middle, convs[name], padding="symmetric", activation="linear")


def stages(
    graph: Layers[X, P], x: X, convs: Mapping[str, P], numbers: range, padding: Padding
) -> X:
    """The inverted residual blocks `numbers` in order."""
    for number in numbers:
        block = BLOCKS[number]
        x = finish(graph, x, expand(graph, x, convs, block), convs, block, padding)
    return x


def stitched(
    graph: Layers[X, P], x: X, convs: Mapping[str, P], padding: Padding = "symmetric"
) -> X:
    """Features behind the convolution STITCH, where there is one."""
    if STITCH not in convs:
        return x
    return graph.conv(STITCH, x, convs[STITCH], padding=padding, activation="linear")


def front(graph: Layers[X, P], x: X, convs: Mapping[str, P], padding: Padding, stop: int) -> X:
    """The stages before `stop`, of a picture (3, H, W)."""
    x = stem(graph, x, convs, padding)
    return stages(graph, x, convs, range(1, stop), padding)


def trunk_model(convs: Convs, padding: Padding) -> bytes:
    """The trunk as ONNX: `image` (N, 3, 224, 224) -> `features` (N, 32, 28, 28)."""
    from trunkline.weights.graph import Graph

    graph = Graph("mobilenet_v2.bottleneck7")
    x = front(graph, graph.input("image", (3, 224, 224)), convs, padding, TRUNK_STAGES)
    graph.rename(x.name, "features")
    return graph.model("features", ["N", *x.shape])


def classifier_model(convs: Convs, weight: Half, bias: Half, padding: Padding) -> bytes:
    """The rest of the network: `features` (N, 32, 28, 28) -> `logits` (N, classes)."""
    from trunkline.weights.graph import Graph

    graph = Graph("mobilenet_v2.classifier")
    x = stages(graph, graph.input("features", (32, 28, 28)), convs, range(7, 18), padding)
    pooled = graph.mean_pool("pooled", head(graph, x, convs))
    graph.linear("linear", pooled, weight, bias, "logits")
    return graph.model("logits", ["N", weight.shape[0]])
