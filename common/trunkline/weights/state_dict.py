"""Reads torchvision's state dicts: safetensors, or `.pth` with `weights_only=True`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trunkline.errors import MissingExtraError, WeightsError
from trunkline.weights import mobilenet_v2, vgg16
from trunkline.weights.conv import BatchNorm, Conv, Floats, fold, rounded

EPSILON = 1e-5
"""Batch norm's epsilon in torchvision's MobileNetV2."""

State = Mapping[str, Floats]


def read(path: Path) -> State:
    """Every floating-point tensor of the file by name.

    Raises WeightsError where it cannot be read, MissingExtraError.
    """
    try:
        return _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"reading {path} ({error.name})", "build") from error
    except Exception as error:  # each library raises its own kinds for a damaged file
        raise WeightsError(
            f"cannot read weights from {path} ({type(error).__name__}): expected safetensors or a "
            "PyTorch state dict; fetch the file again"
        ) from error


def _safetensors(path: Path) -> State:
    from safetensors.numpy import load_file

    return {key: np.asarray(value) for key, value in load_file(path).items()}


def _torch(path: Path) -> State:
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    return {key: value.numpy() for key, value in state.items() if torch.is_floating_point(value)}


def mobilenet_v2_convs(state: State) -> dict[str, Conv]:
    """All convolutions of a torchvision-shaped MobileNetV2, folded, by layer name."""
    return {layer: _folded(state, layer) for layer in mobilenet_v2.LAYERS}


def mobilenet_v2_names(layer: str) -> tuple[str, str]:
    """torchvision's prefixes of a layer's convolution and batch norm."""
    if layer in (mobilenet_v2.STEM, mobilenet_v2.HEAD):
        return f"features.{layer}.0", f"features.{layer}.1"
    stage, part = layer.split(".")
    parts = mobilenet_v2.BLOCKS[int(stage)].parts
    index = parts.index(layer)
    prefix = f"features.{stage}.conv"
    if part == "project":  # not wrapped: its convolution and norm are the sequence's own items
        return f"{prefix}.{index}", f"{prefix}.{index + 1}"
    return f"{prefix}.{index}.0", f"{prefix}.{index}.1"


def _folded(state: State, layer: str) -> Conv:
    conv, norm = mobilenet_v2_names(layer)
    return fold(
        tensor(state, f"{conv}.weight"),
        BatchNorm(
            gamma=tensor(state, f"{norm}.weight"),
            beta=tensor(state, f"{norm}.bias"),
            mean=tensor(state, f"{norm}.running_mean"),
            variance=tensor(state, f"{norm}.running_var"),
            epsilon=EPSILON,
        ),
    )


def vgg16_convs(state: State) -> dict[str, Conv]:
    """The convolutions of a torchvision-shaped VGG16, those behind the cut too, by layer name."""
    convs, index = {}, 0
    for group in (*vgg16.LAYERS, vgg16.REST_LAYERS):
        for layer in group:
            prefix = f"features.{index}"
            convs[layer] = rounded(
                tensor(state, f"{prefix}.weight"), tensor(state, f"{prefix}.bias")
            )
            index += 2  # a convolution and its ReLU
        index += 1  # the pooling
    return convs


def tensor(state: State, name: str) -> Floats:
    """One tensor of the state; WeightsError where it lacks it."""
    if name not in state:
        raise WeightsError(
            f"the state dict has no tensor {name!r}: expected torchvision's layout; "
            "check that the file is the network it is named after"
        )
    return state[name]
