"""Turns stored float16 weights into plain float32 ones, for readers that want initialisers."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with every cast of a float16 initialiser done: the same function, larger."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    stored = {
        item.name: item
        for item in result.graph.initializer
        if item.data_type == TensorProto.FLOAT16
    }
    for node in list(result.graph.node):
        if node.op_type != "Cast" or node.input[0] not in stored:
            continue
        array = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        result.graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
        result.graph.node.remove(node)
    for item in stored.values():
        result.graph.initializer.remove(item)
    return result
