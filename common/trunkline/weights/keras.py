"""Reads Keras' MobileNetV2 from an HDF5 file: tensors only, no Keras and nothing executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trunkline.errors import WeightsError
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import BatchNorm, Conv, Floats, fold

EPSILON = 1e-3
"""Batch norm's epsilon in Keras' MobileNetV2."""


def layer_names(layer: str) -> tuple[str, str]:
    """Keras' names of a layer's convolution and batch norm; its blocks are numbered from 0."""
    if layer == mobilenet_v2.STEM:
        return "Conv1", "bn_Conv1"
    if layer == mobilenet_v2.HEAD:
        return "Conv_1", "Conv_1_bn"
    stage, part = layer.split(".")
    block = int(stage) - 1
    name = f"block_{block}_{part}" if block else f"expanded_conv_{part}"
    return name, f"{name}_BN"


def read(path: Path, group: str) -> dict[str, Conv]:
    """All convolutions of the MobileNetV2 stored under `group`, folded, by layer name.

    Raises WeightsError where the file is not such a network.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = file[group]
            return {layer: _conv(root, layer) for layer in mobilenet_v2.LAYERS}
    except (OSError, KeyError) as error:
        raise WeightsError(
            f"{path} is not Keras' MobileNetV2 ({error}): expected HDF5 with its layers under "
            f"{group!r}; delete the file and run the command again"
        ) from error


def _conv(root: Any, layer: str) -> Conv:  # noqa: ANN401
    name, norm = layer_names(layer)
    kernel = _tensor(root, name, "kernel")
    # HWIO -> OIHW; a depth-wise kernel is (H, W, C, 1) and becomes (C, 1, H, W)
    depthwise = name.endswith("depthwise")
    weight = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
    return fold(
        weight,
        BatchNorm(
            gamma=_tensor(root, norm, "gamma"),
            beta=_tensor(root, norm, "beta"),
            mean=_tensor(root, norm, "moving_mean"),
            variance=_tensor(root, norm, "moving_variance"),
            epsilon=EPSILON,
        ),
    )


def _tensor(root: Any, layer: str, name: str) -> Floats:  # noqa: ANN401
    return np.asarray(root[f"{layer}/{name}"][()], np.float32)
