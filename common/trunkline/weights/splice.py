"""Parts of tails: taken out of one ONNX graph, joined behind another trunk's convolution."""

from __future__ import annotations

import onnx
from onnx import GraphProto, helper, shape_inference

from trunkline.errors import WeightsError
from trunkline.types import Shape
from trunkline.weights.conv import Conv
from trunkline.weights.graph import Graph, serialised
from trunkline.weights.mobilenet_v2 import STITCH

FEATURES = "features"


def up_to(content: bytes, tensor: str) -> bytes:
    """The tail from its features to one of its inner tensors. Raises WeightsError."""
    return serialised(_between(content, [FEATURES], [tensor]))


def behind(content: bytes, tensor: str, shape: Shape, conv: Conv) -> bytes:
    """The tail's layers behind one of its inner tensors, which `conv` makes of features `shape`.

    Raises WeightsError where the tail has no such tensor, or one of another shape.
    """
    outputs = [item.name for item in onnx.load_from_string(content).graph.output]
    rest = _between(content, [tensor], outputs)
    graph = Graph(rest.name)
    features = graph.input(FEATURES, shape)
    x = graph.conv(STITCH, features, conv, padding="symmetric", activation="linear")
    wanted = [side.dim_value for side in rest.input[0].type.tensor_type.shape.dim[1:]]
    if wanted != list(x.shape):
        raise WeightsError(f"the convolution gives {x.shape}: the tail's {tensor} is {wanted}")
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


def _between(content: bytes, inputs: list[str], outputs: list[str]) -> GraphProto:
    # the extractor knows tensors by the shapes that are written beside them
    whole = shape_inference.infer_shapes(onnx.load_from_string(content))
    try:
        part: GraphProto = onnx.utils.Extractor(whole).extract_model(inputs, outputs).graph
    except ValueError as error:
        raise WeightsError(f"the tail cannot be cut at {inputs} and {outputs}: {error}") from error
    return part
