"""Multiply-accumulates of an ONNX model, from the shapes that ONNX itself infers.

For the model store's tails, which PyTorch's counter cannot run: a detector's ends in sorted boxes.
Convolutions and matrix products are counted, as PyTorch's counter does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import onnx
import onnx.shape_inference
from google.protobuf.message import DecodeError

from trunkline.errors import WeightsError

Shapes = Mapping[str, tuple[int, ...]]
UNCOUNTED = {
    *("Attention", "ConvInteger", "ConvTranspose", "DeformConv", "Einsum", "GRU", "If", "LSTM"),
    *("Loop", "MatMulInteger", "QLinearConv", "QLinearMatMul", "RNN", "Scan"),
}
"""Operators that multiply and accumulate, or hide others that do, and are not counted here."""


def macs(path: Path) -> int:
    """Multiply-accumulates of the model in a file, for one picture.

    Raises WeightsError for a file that is no ONNX model, for an operator of UNCOUNTED and for a
    product whose size is only known when it runs.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
        for value in model.graph.input:
            value.type.tensor_type.shape.dim[0].dim_value = 1
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except (OSError, DecodeError, onnx.shape_inference.InferenceError) as error:
        raise WeightsError(f"{path} cannot be read as ONNX: expected a model") from error
    inferred = [*graph.value_info, *graph.input, *graph.output]
    shapes = {value.name: _dims(value) for value in inferred}
    shapes |= {value.name: tuple(value.dims) for value in graph.initializer}
    try:
        return sum(_node(node, shapes) for node in graph.node)
    except ValueError as error:
        raise WeightsError(f"the work of {path} cannot be counted: {error}") from error


def _node(node: onnx.NodeProto, shapes: Shapes) -> int:
    """One operator's multiply-accumulates: elements that it makes times products for each."""
    if node.op_type in UNCOUNTED:
        raise ValueError(f"it has the operator {node.op_type}, expected Conv, Gemm or MatMul")
    if node.op_type not in ("Conv", "Gemm", "MatMul"):
        return 0
    first, second = (_known(shapes, name) for name in node.input[:2])
    made = math.prod(_known(shapes, node.output[0]))
    if node.op_type == "Conv":
        return made * math.prod(second[1:])  # (O, I / groups, KH, KW)
    turned = any(item.name == "transA" and item.i for item in node.attribute)
    return made * first[0 if turned else -1]


def _known(shapes: Shapes, name: str) -> tuple[int, ...]:
    shape = shapes.get(name, (0,))
    if 0 in shape:
        raise ValueError(f"the size of its tensor {name} is only known when it runs")
    return shape


def _dims(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """A tensor's dimensions, 0 for each that is free."""
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
