"""Reads the VGG16 convolutions out of an ONNX file converted from Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trunkline.errors import WeightsError
from trunkline.weights import vgg16
from trunkline.weights.conv import Conv, Floats, rounded


def vgg16_convs(path: Path, prefix: str) -> dict[str, Conv]:
    """The convolutions, those behind the cut too, by layer name; their input in RGB order.

    Keras keeps the original BGR order: the first convolution's input channels are reversed.
    Raises WeightsError where the file is not that network.
    """
    tensors = _initialisers(path)
    convs = {}
    for layer in (*vgg16.TRUNK_LAYERS, *vgg16.REST_LAYERS):
        name = f"{prefix}block{layer[0]}_conv{layer[2]}_1"
        try:
            weight = tensors[f"{name}/convolution/ReadVariableOp:0"]
            bias = tensors[f"{name}/Squeeze:0"]
        except KeyError as error:
            raise WeightsError(
                f"{path} has no tensor {error}: expected a VGG16 exported from Keras; "
                "delete the file and run the command again"
            ) from error
        convs[layer] = rounded(weight[:, ::-1] if layer == "1_1" else weight, bias)
    return convs


def _initialisers(path: Path) -> dict[str, Floats]:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(path), load_external_data=False)
    except (OSError, DecodeError) as error:
        raise WeightsError(
            f"cannot read {path} as ONNX: delete the file and run the command again"
        ) from error
    return {
        item.name: np.asarray(onnx.numpy_helper.to_array(item))
        for item in model.graph.initializer
        if item.data_type == onnx.TensorProto.FLOAT
    }
