"""How large the tensors inside a network become, told before any of them is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

MOST_VALUES = 1 << 27
"""Of one tensor. VGG16's first dense layer has 103 M weights, no map has more than 3.2 M values a
picture."""
FREE = {
    "ConstantOfShape",
    "ConvTranspose",
    "Expand",
    "EyeLike",
    "OneHot",
    "Pad",
    "RandomNormal",
    "RandomUniform",
    "Resize",
    "Tile",
    "Upsample",
}
"""Operators that make any size out of a few values: it must be known. (The length of a Range is
known of none, and detectors number their pictures by one.)"""
SMALL = 1 << 12
"""Values up to which a constant may be a shape, which inference has to read."""


def require_bounded(model: Any) -> None:  # noqa: ANN401 - onnx has no types
    """Raise ValueError where a tensor has, or may have, more than MOST_VALUES values a frame.

    The model's large constants are gone afterwards, and what it says of its tensors.
    """
    import onnx

    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) > SMALL:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    del model.graph.value_info[:]  # what the file says of its tensors is not what they are
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:  # it has several kinds, none of them public
        raise ValueError("has layers that do not fit together") from error
    values = chain(graph.input, graph.value_info, graph.output)
    shapes = {value.name: list(_sides(value)) for value in values}
    batch = {side for value in graph.input for side in shapes[value.name] if isinstance(side, str)}
    for tensor in graph.initializer:
        shapes[tensor.name] = list(tensor.dims)
    for sides in shapes.values():
        if math.prod(side for side in sides if isinstance(side, int)) > MOST_VALUES:
            raise ValueError(f"has a tensor of {sides}, expected at most {MOST_VALUES} values")
    for node in graph.node:
        for output in node.output if node.op_type in FREE else ():
            unknown = [side for side in shapes.get(output, [None]) if not isinstance(side, int)]
            if not batch.issuperset(unknown):
                raise ValueError(f"has a {node.op_type} of a size that only its data tell")


def _sides(value: Any) -> Iterator[int | str | None]:  # noqa: ANN401
    """A side is a number, the name of one that is open, or unknown."""
    for side in value.type.tensor_type.shape.dim:
        yield side.dim_value if side.HasField("dim_value") else (side.dim_param or None)
