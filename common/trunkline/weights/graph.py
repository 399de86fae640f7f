"""A small builder of ONNX graphs: no PyTorch, and the same input gives the same bytes.

Weights are stored as float16 and cast to float32 in the graph, so every engine computes with
exactly the rounded values that the trunk digest hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from trunkline.types import Shape
from trunkline.weights.conv import Activation, Conv, Half, Padding, same_padding
from trunkline.weights.resampling import cubic, is_small, whole

OPSET = 17
IR_VERSION = 8
LEAST_NORM = 1e-6
"""What a norm is taken for at least, so that zeros stay zeros."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph: its name and its (C, H, W); the batch dimension is free."""

    name: str
    shape: Shape


class Graph:
    """Collects nodes and initialisers; each method adds one layer and returns its output."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Shape) -> Value:
        """A float32 input (N, C, H, W)."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))
        return Value(name, shape)

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """An initialiser in the array's own type; its name."""
        self._initialisers[name] = onnx.numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def half(self, name: str, array: Half) -> str:
        """A float16 initialiser and its cast to float32; the cast's name."""
        self.constant(name, array)
        return self.node("Cast", [name], f"{name}.f32", to=TensorProto.FLOAT)

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """Any operator with one output; the output's name."""
        return self.nodes(operator, inputs, [output], **attributes)[0]

    def nodes(
        self,
        operator: str,
        inputs: list[str],
        outputs: list[str],
        **attributes: Any,  # noqa: ANN401
    ) -> list[str]:
        """Any operator; the names of its outputs."""
        node = helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes)
        self._nodes.append(node)
        return outputs

    def conv(
        self,
        name: str,
        x: Value,
        conv: Conv,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> Value:
        """A square convolution with its activation; groups follow from the weight's shape."""
        out, per_group, kernel, _ = conv.weight.shape
        channels, height, width = x.shape
        reach = dilation * (kernel - 1) + 1
        top, bottom = same_padding(height, reach, stride, padding)
        left, right = same_padding(width, reach, stride, padding)
        spread = {"dilations": [dilation, dilation]} if dilation > 1 else {}
        inputs = [
            x.name,
            self.half(f"{name}.weight", conv.weight),
            self.half(f"{name}.bias", conv.bias),
        ]
        output = self.node(
            "Conv",
            inputs,
            f"{name}.conv",
            group=channels // per_group,
            kernel_shape=[kernel, kernel],
            pads=[top, left, bottom, right],
            strides=[stride, stride],
            **spread,
        )
        size = (
            (height + top + bottom - reach) // stride + 1,
            (width + left + right - reach) // stride + 1,
        )
        return self.activate(name, Value(output, (out, *size)), activation)

    def activate(self, name: str, x: Value, activation: Activation) -> Value:
        """`x` behind its activation; `x` itself for `linear`."""
        if activation == "linear":
            return x
        if activation == "relu":
            return Value(self.node("Relu", [x.name], f"{name}.relu"), x.shape)
        low = self.constant("zero", np.array(0, np.float32))
        high = self.constant("six", np.array(6, np.float32))
        return Value(self.node("Clip", [x.name, low, high], f"{name}.relu6"), x.shape)

    def add(self, name: str, a: Value, b: Value) -> Value:
        """The sum of two tensors of one shape."""
        return Value(self.node("Add", [a.name, b.name], name), a.shape)

    def max_pool(self, name: str, x: Value, kernel: int = 2, stride: int = 2) -> Value:
        """Maximum pooling, `(kernel - 1) // 2` padded; odd borders dropped."""
        edge = (kernel - 1) // 2
        pads = {"pads": [edge] * 4} if edge else {}
        output = self.node(
            "MaxPool", [x.name], name, kernel_shape=[kernel] * 2, strides=[stride] * 2, **pads
        )
        channels, *sides = x.shape
        height, width = ((side + 2 * edge - kernel) // stride + 1 for side in sides)
        return Value(output, (channels, height, width))

    def unit(self, name: str, x: Value) -> Value:
        """Each place's channels divided by their Euclidean norm."""
        least = self.constant("unit.least", np.array(LEAST_NORM, np.float32))
        norm = self.node("ReduceL2", [x.name], f"{name}.norm", axes=[1], keepdims=1)
        norm = self.node("Max", [norm, least], f"{name}.above")
        return Value(self.node("Div", [x.name, norm], name), x.shape)

    def resample(self, name: str, x: Value, grid: int) -> Value:
        """A square map on `grid` places a side, bicubic: see `weights.resampling`."""
        channels, side, _ = x.shape
        if is_small(side, grid):
            return Value(self._resampled_at_once(name, x, grid), (channels, grid, grid))
        matrix = cubic(side, grid)  # (grid, H)
        columns = self.node("MatMul", [x.name, self.constant(name, matrix.T)], f"{name}.columns")
        rows = self.constant(f"{name}.rows", matrix)
        return Value(self.node("MatMul", [rows, columns], f"{name}.map"), (channels, grid, grid))

    def crop(self, name: str, x: Value, first: int, size: int) -> Value:
        """`size` places a side of a square map, from the place `first` of rows and columns on."""
        sides = {"starts": first, "ends": first + size}
        bounds = [
            self.constant(f"{name}.{end}", np.array([at, at], np.int64))
            for end, at in sides.items()
        ]
        axes = self.constant("rows and columns", np.array([2, 3], np.int64))
        output = self.node("Slice", [x.name, *bounds, axes], f"{name}.map")
        return Value(output, (x.shape[0], size, size))

    def _resampled_at_once(self, name: str, x: Value, grid: int) -> str:
        line = self.constant("line", np.array([0, 0, -1], np.int64))
        square = self.constant(f"{name}.square", np.array([0, 0, grid, grid], np.int64))
        flat = self.node("Reshape", [x.name, line], f"{name}.flat")  # (N, C, H * H)
        matrix = self.constant(f"{name}.whole", whole(x.shape[1], grid))
        flat = self.node("MatMul", [flat, matrix], f"{name}.places")
        return self.node("Reshape", [flat, square], f"{name}.map")

    def mean_pool(self, name: str, x: Value) -> str:
        """The mean over height and width: (N, C, H, W) -> (N, C)."""
        pooled = self.node("GlobalAveragePool", [x.name], f"{name}.mean")
        return self.node("Flatten", [pooled], name, axis=1)

    def linear(self, name: str, x: str, weight: Half, bias: Half, output: str) -> str:
        """(N, I) -> (N, O) by weight (O, I) and bias (O,)."""
        inputs = [x, self.half(f"{name}.weight", weight), self.half(f"{name}.bias", bias)]
        return self.node("Gemm", inputs, output, transB=1)

    def rename(self, x: str, output: str) -> None:
        """Give a tensor the name under which it leaves the graph."""
        self.node("Identity", [x], output)

    def model(self, output: str, shape: list[int | str]) -> bytes:
        """The checked, serialised model with its one float32 output of `shape`."""
        return serialised(
            helper.make_graph(
                self._nodes,
                self._name,
                self._inputs,
                [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
                list(self._initialisers.values()),
            )
        )


def serialised(graph: onnx.GraphProto) -> bytes:
    """A checked model of this graph."""
    model = helper.make_model(
        graph,
        producer_name="trunkline",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
