"""One convolution as Trunkline stores it: batch norm folded, rounded to float16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import WeightsError

Activation = Literal["linear", "relu", "relu6"]
Padding = Literal["tf-same", "symmetric", "none"]
Floats = NDArray[np.floating[Any]]
Half = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution's parameters: weight (O, I / groups, KH, KW) and bias (O,), both float16."""

    weight: Half
    bias: Half


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """Statistics and affine parameters of one batch normalisation, each (O,)."""

    gamma: Floats
    beta: Floats
    mean: Floats
    variance: Floats
    epsilon: float


def fold(weight: Floats, norm: BatchNorm) -> Conv:
    """Fold a batch norm into the bias-free convolution `weight` (O, I / groups, KH, KW) before it.

    Element-wise float64 arithmetic only (no sums), so every machine rounds to the same bits.
    """
    scale = norm.gamma.astype(np.float64) / np.sqrt(norm.variance.astype(np.float64) + norm.epsilon)
    bias = norm.beta.astype(np.float64) - norm.mean.astype(np.float64) * scale
    return rounded(weight.astype(np.float64) * scale[:, None, None, None], bias)


def rounded(weight: Floats, bias: Floats) -> Conv:
    """A convolution with both arrays rounded to float16; WeightsError where that overflows."""
    conv = Conv(half(weight), half(bias))
    if conv.weight.ndim != 4 or conv.bias.shape != conv.weight.shape[:1]:
        raise WeightsError(
            f"a convolution of weight {conv.weight.shape} and bias {conv.bias.shape}: "
            "expected (O, I, KH, KW) and (O,); the weight file is damaged, fetch it again"
        )
    return conv


def half(values: Floats) -> Half:
    """`values` in C order, rounded to the nearest float16; WeightsError if one is not finite."""
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(values, dtype=np.float16)
    if not np.isfinite(result).all():
        raise WeightsError(
            "weights that float16 cannot hold: expected finite values below 65504; "
            "the weight file is damaged, fetch it again"
        )
    return result


def same_padding(size: int, kernel: int, stride: int, padding: Padding) -> tuple[int, int]:
    """Padding (before, after) along one side of `size` elements.

    `tf-same` is TensorFlow's SAME (the odd element goes after), `symmetric` is PyTorch's k // 2.
    """
    if padding == "none":
        return 0, 0
    if padding == "symmetric":
        return kernel // 2, kernel // 2
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
