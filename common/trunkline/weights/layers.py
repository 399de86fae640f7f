"""What describes a network: each architecture is written once and read by whoever builds it.

`weights.graph.Graph` makes ONNX out of such a description; training runs the same one in PyTorch.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from trunkline.weights.conv import Activation, Padding

X = TypeVar("X")
"""A feature map, (N, C, H, W)."""
P = TypeVar("P")
"""A convolution's parameters."""
P_contra = TypeVar("P_contra", contravariant=True)


class Layers(Protocol[X, P_contra]):
    """The operations of a description; each takes and gives feature maps."""

    def conv(
        self,
        name: str,
        x: X,
        conv: P_contra,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> X:
        """A square convolution with its activation; groups follow from the weight's shape."""

    def add(self, name: str, a: X, b: X) -> X:
        """The sum of two tensors of one shape."""

    def max_pool(self, name: str, x: X, kernel: int = 2, stride: int = 2) -> X:
        """Maximum pooling, `(kernel - 1) // 2` padded; odd borders dropped."""

    def unit(self, name: str, x: X) -> X:
        """Each place's channels divided by their Euclidean norm."""

    def resample(self, name: str, x: X, grid: int) -> X:
        """A square map on `grid` places a side, bicubic: see `weights.resampling`."""

    def crop(self, name: str, x: X, first: int, size: int) -> X:
        """`size` places a side of a square map, from the place `first` of rows and columns on."""
