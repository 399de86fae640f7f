"""Where in MobileNetV2 a trunk's tensor comes in, be the trunk MobileNetV2 or another network."""

from __future__ import annotations

from trunkline.types import Shape
from trunkline.weights import mobilenet_v2
from trunkline.weights.layers import Layers, P, X

SIDE = 224
POOLED = 1280
RESAMPLED, LAST_RESAMPLED, MIDDLE = "resampled", "resampled.last", "middle"
LAST, OUTPUT = 18, 19
"""The stages of the last convolution, and of the linear layer on pooled features (1280, 1, 1)."""


def entry(shape: Shape) -> int:
    """The last stage that reads a grid like that of features (C, H, W): 7 for 28, 14 for 14.

    Raises KeyError for a grid that none reads.
    """
    found, side = {}, SIDE // 2
    for stage, block in mobilenet_v2.BLOCKS.items():
        found[side] = stage
        side //= block.stride
    return found[shape[1]]


def resampled(graph: Layers[X, P], x: X, grid: int, name: str = RESAMPLED) -> X:
    """A map on `grid` places a side; as it is where that is 0."""
    return graph.resample(name, x, grid) if grid else x


def channels(stage: int) -> int:
    """How many channels a stage reads."""
    return mobilenet_v2.BLOCKS[stage].channels_in


def entering(stage: int, stitched: bool) -> str:
    """The name, in a tail's ONNX graph, of the tensor that enters a stage."""
    if stage > mobilenet_v2.TRUNK_STAGES:
        return f"{stage - 1}.add"  # blocks of one grid and one width have a shortcut
    return "stitch.conv" if stitched else "features"
