"""Where in MobileNetV2 a trunk's tensor comes in, be the trunk MobileNetV2 or another network."""

from __future__ import annotations

from trunkline.types import Shape
from trunkline.weights import mobilenet_v2

SIDE = 224
POOLED = 1280
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


def reads(stage: int) -> Shape:
    """What enters a stage from 1 on; LAST is the last convolution, OUTPUT what follows pooling."""
    if stage == OUTPUT:
        return POOLED, 1, 1
    side = SIDE // 2
    for block in mobilenet_v2.BLOCKS.values():
        if block.stage == stage:
            return block.channels_in, side, side
        side //= block.stride
    return mobilenet_v2.BLOCKS[LAST - 1].channels_out, side, side


def channels(stage: int) -> int:
    """How many channels a stage reads."""
    return mobilenet_v2.BLOCKS[stage].channels_in


def entering(stage: int, stitched: bool) -> str:
    """The name, in a tail's ONNX graph, of the tensor that enters a stage."""
    if stage > mobilenet_v2.TRUNK_STAGES:
        return f"{stage - 1}.add"  # blocks of one grid and one width have a shortcut
    return "stitch.conv" if stitched else "features"
