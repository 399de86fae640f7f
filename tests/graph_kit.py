"""Small ONNX networks for the tests: from `features` to one output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from trunkline.types import Shape


def network(
    nodes: Sequence[Any],
    constants: Mapping[str, Any],
    shape: Shape = (64, 14, 14),
    batch: int | str = "N",
    output: str = "logits",
    **more: Any,
) -> bytes:
    """The ONNX of nodes from `features` (batch, *shape) to `output`; `more` is the model's."""
    graph = helper.make_graph(
        list(nodes),
        "tail",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("odd", 1)]
    built = helper.make_model(graph, opset_imports=versions, ir_version=8, **more)
    return bytes(built.SerializeToString())
