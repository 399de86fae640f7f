"""SSDLite on MobileNetV2 as COCO left it, as a tail at 224x224: one ONNX graph with boxes and NMS.

Source of architecture and box code: the TensorFlow Object Detection API's
`ssdlite_mobilenet_v2_coco`; SSDLite is Sandler et al. (2018), section 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import Conv, Padding
from trunkline.weights.layers import Layers, P, X
from trunkline_training.coco import CATEGORIES

PADDING: Padding = "tf-same"
TRAINED_SIZE, SIZE = 300, 224
"""Side of the pictures it was trained on, and of ours, in pixels."""
TRAINED_GRIDS = (19, 10, 5, 3, 2, 1)
ANCHORS = (3, 6, 6, 6, 6, 6)
"""Anchors per place of each feature map."""
EXTRAS = ((256, 512), (128, 256), (128, 256), (64, 128))
"""Channels inside and behind each extra layer."""
TAPPED = 14
"""The stage inside which the first map is taken."""
IDS = 91
"""Scores per anchor in the file: background, then COCO ids 1..90."""


@dataclass(frozen=True, eq=False)
class SsdLite:
    """The detector's parameters: backbone by layer name, the rest by the file's own names.

    Its anchors are `nets.anchors.lite`.
    """

    backbone: Mapping[str, Conv]
    convs: Mapping[str, Conv]


def tail_convs(detector: SsdLite) -> dict[str, Conv]:
    """All its layers by name, scores for COCO's 80 classes alone."""
    convs = {**detector.backbone, **detector.convs}
    for index in range(len(ANCHORS)):
        convs[f"cls.{index}.2"] = known_classes(convs[f"cls.{index}.2"])
    return convs


def describe(
    graph: Layers[X, P], x: X, convs: Mapping[str, P], padding: Padding, first: int
) -> list[tuple[X, X]]:
    """Each map's class scores (anchors * classes, H, W) and box codes (anchors * 4, H, W).

    `first` is the MobileNetV2 stage that reads the trunk's features.
    """
    maps = _feature_maps(graph, mobilenet_v2.stitched(graph, x, convs), convs, padding, first)
    return [
        (
            _predict(graph, value, convs, f"cls.{index}", padding),
            _predict(graph, value, convs, f"box.{index}", padding),
        )
        for index, value in enumerate(maps)
    ]


def _feature_maps(
    graph: Layers[X, P], x: X, convs: Mapping[str, P], padding: Padding, first: int
) -> list[X]:
    """The six maps, of 14, 7, 4, 2, 1, 1 places a side and 576, 1280, 512, 256, 256, 128 channels.

    The first is the expansion inside stage 14, before its stride.
    """
    block = mobilenet_v2.BLOCKS[TAPPED]
    x = mobilenet_v2.stages(graph, x, convs, range(first, TAPPED), padding)
    wide = mobilenet_v2.expand(graph, x, convs, block)
    x = mobilenet_v2.finish(graph, x, wide, convs, block, padding)
    x = mobilenet_v2.stages(graph, x, convs, range(TAPPED + 1, 18), padding)
    x = mobilenet_v2.head(graph, x, convs)
    maps = [wide, x]
    for index in range(4):
        for part, stride in ((0, 1), (2, 2), (4, 1)):
            name = f"extras.{index}.{part}"
            x = graph.conv(name, x, convs[name], padding=padding, activation="relu6", stride=stride)
        maps.append(x)
    return maps


def _predict(graph: Layers[X, P], x: X, convs: Mapping[str, P], name: str, padding: Padding) -> X:
    """One map through a head's depth-wise convolution and the 1x1 one behind it."""
    inner, outer = f"{name}.0", f"{name}.2"
    x = graph.conv(inner, x, convs[inner], padding=padding, activation="relu6")
    return graph.conv(outer, x, convs[outer], padding=padding, activation="linear")


def known_classes(conv: Conv) -> Conv:
    """The class layer without the background and the COCO ids that were never used."""
    anchors = len(conv.bias) // IDS
    rows = [anchor * IDS + coco_id for anchor in range(anchors) for coco_id in CATEGORIES]
    return Conv(np.ascontiguousarray(conv.weight[rows]), np.ascontiguousarray(conv.bias[rows]))


def rescaled(anchors: NDArray[np.float64], grids: tuple[int, ...]) -> NDArray[np.float32]:
    """The anchors for maps of `grids` places a side, as (cy, cx, h, w) in fractions of 224 pixels.

    `anchors` are (y1, x1, y2, x2) in fractions of 300 pixels. Each keeps its size in pixels, so
    its fraction grows by 300 / 224; its centre moves to the middle of its new place.
    """
    sizes = anchors[:, 2:] - anchors[:, :2]
    rows, start = [], 0
    for trained, grid, count in zip(TRAINED_GRIDS, grids, ANCHORS, strict=True):
        shapes = sizes[start : start + count] * (TRAINED_SIZE / SIZE)  # the first place's
        start += trained * trained * count
        centres = (np.arange(grid) + 0.5) / grid
        for y in centres:
            for x in centres:
                rows.append(np.concatenate([np.tile([y, x], (count, 1)), shapes], axis=1))
    return np.concatenate(rows).astype(np.float32)
