"""Runs a network's description in PyTorch, beside `weights.graph.Graph`, which writes its ONNX."""

from __future__ import annotations

from torch import Tensor, linalg
from torch.nn import functional

from trunkline.weights.conv import Activation, Padding, same_padding
from trunkline.weights.graph import LEAST_NORM
from trunkline_training.nets.layer import Layer


class Weightless:
    """The operations of a description that have no weights, on tensors (N, C, H, W)."""

    def add(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        """The sum of two tensors of one shape."""
        return a + b

    def max_pool(self, name: str, x: Tensor, kernel: int = 2, stride: int = 2) -> Tensor:
        """Maximum pooling, `(kernel - 1) // 2` padded."""
        return functional.max_pool2d(x, kernel, stride, (kernel - 1) // 2)

    def resample(self, name: str, x: Tensor, grid: int) -> Tensor:
        """A square map on `grid` places a side: what `weights.resampling.cubic` says."""
        return functional.interpolate(x, (grid, grid), mode="bicubic", align_corners=False)

    def crop(self, name: str, x: Tensor, first: int, size: int) -> Tensor:
        """`size` places a side of a square map, from the place `first` of rows and columns on."""
        return x[:, :, first : first + size, first : first + size]

    def unit(self, name: str, x: Tensor) -> Tensor:
        """Each place's channels divided by their Euclidean norm."""
        norm: Tensor = linalg.vector_norm(x, dim=1, keepdim=True)
        return x / norm.clamp(min=LEAST_NORM)


class Eager(Weightless):
    """The operations of a description on tensors (N, C, H, W)."""

    def conv(
        self,
        name: str,
        x: Tensor,
        conv: Layer,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> Tensor:
        """A square convolution with its activation."""
        reach = dilation * (conv.weight.shape[-1] - 1) + 1
        top, bottom = same_padding(x.shape[2], reach, stride, padding)
        left, right = same_padding(x.shape[3], reach, stride, padding)
        x = conv(x, (left, right, top, bottom), stride, dilation)
        if activation == "relu6":
            return functional.relu6(x)
        return functional.relu(x) if activation == "relu" else x
