"""Parts of tails: taken out of one ONNX graph, joined behind another trunk's convolution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, TensorProto, helper, numpy_helper, shape_inference

from trunkline.errors import WeightsError
from trunkline.types import Shape
from trunkline.weights.conv import Conv
from trunkline.weights.graph import Graph, serialised
from trunkline.weights.mobilenet_v2 import STITCH

FEATURES = "features"


def up_to(content: bytes, tensor: str) -> bytes:
    """The tail from its features to one of its inner tensors. Raises WeightsError."""
    return serialised(_between(content, [FEATURES], [tensor]))


def behind(content: bytes, tensor: str, shape: Shape, convs: Mapping[str, Conv]) -> bytes:
    """The tail's layers behind one of its inner tensors, which convs[STITCH] makes of features.

    Features are of `shape`; the other convs take the place of the tail's own ones of their names.
    Raises WeightsError where the tail has no such tensor or layer, or one of another shape.
    """
    outputs = [item.name for item in onnx.load_from_string(content).graph.output]
    rest = _between(content, [tensor], outputs)
    graph = Graph(rest.name)
    features = graph.input(FEATURES, shape)
    x = graph.conv(STITCH, features, convs[STITCH], padding="symmetric", activation="linear")
    wanted = [side.dim_value for side in rest.input[0].type.tensor_type.shape.dim[1:]]
    if wanted != list(x.shape):
        raise WeightsError(f"the convolution gives {x.shape}: the tail's {tensor} is {wanted}")
    for name, conv in convs.items():
        if name != STITCH:
            _replace(rest, f"{name}.weight", conv.weight)
            _replace(rest, f"{name}.bias", conv.bias)
    front = onnx.load_from_string(graph.model(x.name, ["N", *x.shape])).graph
    for node in rest.node:
        node.input[:] = [x.name if name == tensor else name for name in node.input]
    joined = helper.make_graph(
        [*front.node, *rest.node],
        rest.name,
        front.input,
        rest.output,
        [*front.initializer, *rest.initializer],
    )
    return serialised(joined)


def _replace(graph: GraphProto, name: str, array: NDArray[np.float16]) -> None:
    found = {item.name: item for item in graph.initializer}.get(name)
    if found is None or found.data_type != TensorProto.FLOAT16 or tuple(found.dims) != array.shape:
        raise WeightsError(f"the tail has no {name} of {array.shape} to put another in its place")
    found.CopyFrom(numpy_helper.from_array(array, name))


def _between(content: bytes, inputs: list[str], outputs: list[str]) -> GraphProto:
    # the extractor knows tensors by the shapes that are written beside them
    whole = shape_inference.infer_shapes(onnx.load_from_string(content))
    try:
        part: GraphProto = onnx.utils.Extractor(whole).extract_model(inputs, outputs).graph
    except ValueError as error:
        raise WeightsError(f"the tail cannot be cut at {inputs} and {outputs}: {error}") from error
    return part
