"""A module of anybody's as ONNX."""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor, nn

from trunkline.errors import TrunklineError
from trunkline.weights.graph import OPSET

INPUT, OUTPUT = "image", "logits"


def exported(module: nn.Module, example: Tensor) -> bytes:
    """`image` (N, ...) -> `logits` (N, classes), float32. Raises TrunklineError."""
    buffer = io.BytesIO()
    free = {INPUT: {0: "N"}, OUTPUT: {0: "N"}}
    # of the two exporters of PyTorch, the one that needs no further library
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            torch.onnx.export(
                module.eval(),
                (example,),
                buffer,  # type: ignore[arg-type]  # it takes files, too
                dynamo=False,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes=free,
                opset_version=OPSET,
            )
        except Exception as error:  # whatever an exporter of anybody's module raises
            raise TrunklineError(
                f"the module cannot be written as ONNX ({type(error).__name__}): expected layers "
                "that torch.onnx knows"
            ) from error
    return buffer.getvalue()
