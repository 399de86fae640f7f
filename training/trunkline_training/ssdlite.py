"""SSDLite on MobileNetV2 as COCO left it, as a tail at 224x224: one ONNX graph with boxes and NMS.

Source of architecture and box code: the TensorFlow Object Detection API's
`ssdlite_mobilenet_v2_coco`; SSDLite is Sandler et al. (2018), section 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline.weights import mobilenet_v2, state_dict
from trunkline.weights.conv import Conv, Padding, rounded
from trunkline.weights.graph import Graph, Value
from trunkline.weights.recipes import STITCH_BIAS
from trunkline.weights.state_dict import State
from trunkline_training import detection_graph
from trunkline_training.coco import CATEGORIES

PADDING: Padding = "tf-same"
TRAINED_SIZE, SIZE = 300, 224
"""Side of the pictures it was trained on, and of ours, in pixels."""
TRAINED_GRIDS = (19, 10, 5, 3, 2, 1)
ANCHORS = (3, 6, 6, 6, 6, 6)
"""Anchors per place of each feature map."""
IDS = 91
"""Scores per anchor in the file: background, then COCO ids 1..90."""
STITCH = STITCH_BIAS.split(".")[0]


@dataclass(frozen=True, eq=False)
class SsdLite:
    """The detector's parameters: backbone by layer name, the rest by the file's own names."""

    backbone: Mapping[str, Conv]
    convs: Mapping[str, Conv]
    anchors: NDArray[np.float64]


def read(path: Path) -> SsdLite:
    """The detector out of its safetensors file; WeightsError where it is something else."""
    state = state_dict.read(path)
    names = [
        *(f"extras.{i}.{j}" for i in range(4) for j in (0, 2, 4)),
        *(f"{head}.{i}.{j}" for head in ("box", "cls") for i in range(6) for j in (0, 2)),
    ]
    return SsdLite(
        backbone=state_dict.mobilenet_v2_convs(state),
        convs={name: _conv(state, name) for name in names},
        anchors=state_dict.tensor(state, "anchors").astype(np.float64),
    )


def _conv(state: State, name: str) -> Conv:
    return rounded(
        state_dict.tensor(state, f"{name}.weight"), state_dict.tensor(state, f"{name}.bias")
    )


def model(detector: SsdLite, stitch: Conv, iou_threshold: float) -> bytes:
    """The tail: `features` (N, 32, 28, 28) -> `detections` (K, 7); see `detection_graph`."""
    graph = Graph("ssdlite_mobilenet_v2.ssd")
    x = graph.input("features", (32, 28, 28))
    x = graph.conv(STITCH, x, stitch, padding="symmetric", activation="linear")
    maps = _feature_maps(graph, x, detector)
    boxes, scores = [], []
    for index, value in enumerate(maps):
        scores.append(_predict(graph, value, detector, "cls", index))
        boxes.append(_predict(graph, value, detector, "box", index))
    anchors = rescaled(detector.anchors, tuple(value.shape[1] for value in maps))
    labels = len(CATEGORIES)
    return detection_graph.finish(graph, boxes, scores, anchors, labels, iou_threshold)


def _feature_maps(graph: Graph, x: Value, detector: SsdLite) -> list[Value]:
    """The six maps, of 14, 7, 4, 2, 1, 1 places a side and 576, 1280, 512, 256, 256, 128 channels.

    The first is the expansion inside stage 14, before its stride.
    """
    convs, block = detector.backbone, mobilenet_v2.BLOCKS[14]
    x = mobilenet_v2.stages(graph, x, convs, range(mobilenet_v2.TRUNK_STAGES, 14), PADDING)
    first = mobilenet_v2.expand(graph, x, convs, block)
    x = mobilenet_v2.finish(graph, x, first, convs, block, PADDING)
    x = mobilenet_v2.stages(graph, x, convs, range(15, 18), PADDING)
    x = mobilenet_v2.head(graph, x, convs)
    maps = [first, x]
    for index in range(4):
        for part, stride in ((0, 1), (2, 2), (4, 1)):
            name = f"extras.{index}.{part}"
            x = graph.conv(
                name, x, detector.convs[name], padding=PADDING, activation="relu6", stride=stride
            )
        maps.append(x)
    return maps


def _predict(graph: Graph, x: Value, detector: SsdLite, head: str, index: int) -> str:
    """One map's box codes (N, places * anchors, 4) or class scores (N, places * anchors, 80)."""
    name = f"{head}.{index}"
    middle = graph.conv(
        f"{name}.0", x, detector.convs[f"{name}.0"], padding=PADDING, activation="relu6"
    )
    conv, width = detector.convs[f"{name}.2"], 4
    if head == "cls":
        conv, width = known_classes(conv), len(CATEGORIES)
    out = graph.conv(f"{name}.2", middle, conv, padding=PADDING, activation="linear")
    # (N, anchors * width, H, W) -> (N, H, W, anchors * width) -> (N, H * W * anchors, width)
    last = graph.node("Transpose", [out.name], f"{name}.nhwc", perm=[0, 2, 3, 1])
    shape = graph.constant(f"shape.{width}", np.array([0, -1, width], np.int64))
    return graph.node("Reshape", [last, shape], f"{name}.rows")


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
