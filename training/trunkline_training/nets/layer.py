"""One convolution while it is trained, with or without a batch norm behind it."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trunkline.weights.conv import BatchNorm, Conv, Floats, fold, rounded

EPSILON = 1e-3
"""Batch norm's epsilon, that of Keras' MobileNetV2."""
LEAST_UNIT = 1e-3
"""Of the largest channel's; a channel that is always zero has no size of its own."""


class Layer(nn.Module):
    """Weight (O, I / groups, KH, KW) with a bias, or with a batch norm in its place.

    Published weights come with their batch norms folded in. A norm put behind them anew starts as
    the identity plus the bias, and `calibrate` gives it the statistics of real features without
    changing what the layer computes.
    """

    middle: Tensor | None
    unit: Tensor | None
    """Input channels (I,) less their `middle`, in their `unit`, are what the weight is of."""

    def __init__(self, weight: Floats, bias: Floats, *, normed: bool, given: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(np.asarray(weight, np.float32)))
        start = torch.tensor(np.asarray(bias, np.float32))
        self.register_buffer("middle", None)
        self.register_buffer("unit", None)
        self.given = given
        self.calibrating = False
        self.norm = nn.BatchNorm2d(len(start), eps=EPSILON) if normed else None
        if self.norm is None:
            self.bias = nn.Parameter(start)
        else:
            self.norm.running_var.fill_(1 - EPSILON)  # type: ignore[union-attr]
            self.norm.bias.data.copy_(start)

    def forward(
        self, x: Tensor, edges: tuple[int, int, int, int], stride: int, dilation: int
    ) -> Tensor:
        """(N, C, H, W) to (N, O, H', W'); `edges` are the zeros left, right, top and bottom."""
        left, right, top, bottom = edges
        inside = (top, left)
        # TensorFlow's padding has more of it after; and it comes before units, being of zeros
        if (left, top) != (right, bottom) or self.unit is not None:
            x, inside = functional.pad(x, edges), (0, 0)
        x = self._in_units(x)
        groups = x.shape[1] // self.weight.shape[1]
        bias = self.bias if self.norm is None else None
        if self._places(x, inside, dilation) == (1, 1):
            # a stride says nothing then; and with one above 1, PyTorch 2.14 leaves the weight's
            # gradient in bfloat16, channels last, partly unwritten
            stride = 1
        x = functional.conv2d(x, self.weight, bias, stride, inside, dilation, groups)
        if self.norm is None:
            return x
        if self.calibrating and self.given:
            self._calibrate(x)
        result: Tensor = self.norm(x)
        return result

    def _places(self, x: Tensor, inside: tuple[int, int], dilation: int) -> tuple[int, int]:
        """In how many rows and columns the kernel fits on x with `inside` zeros around it."""
        high, wide = (
            x.shape[side] + 2 * edge - dilation * (self.weight.shape[side] - 1)
            for side, edge in zip((2, 3), inside, strict=True)
        )
        return high, wide

    @torch.no_grad()
    def take_units(self, x: Tensor) -> None:
        """Work in units of each channel's mean and standard deviation over x (N, I, H, W).

        What the layer computes stays. A tensor of another network may have values of thousands in
        one channel and of hundredths in another, none of them negative: an optimiser's step would
        be too long for the one's weights, too short for the other's, and shift every output.
        """
        spread, mean = torch.std_mean(x, dim=(0, 2, 3))
        self.middle, self.unit = mean, spread.clamp(min=float(spread.max()) * LEAST_UNIT)
        self.bias.add_(_of_constant(self.weight, mean))
        self.weight.mul_(self.unit[:, None, None])

    def _in_units(self, x: Tensor) -> Tensor:
        if self.middle is None or self.unit is None:
            return x
        return (x - self.middle[:, None, None]) / self.unit[:, None, None]  # (I,) -> (I, 1, 1)

    def _statistics(self) -> tuple[Tensor, Tensor]:
        """The norm's running mean and variance, which torch types as optional."""
        norm = cast(nn.BatchNorm2d, self.norm)
        return cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)

    @torch.no_grad()
    def _calibrate(self, x: Tensor) -> None:
        """Take the statistics of x (N, O, H, W) and keep y = scale x + shift as it was."""
        norm, (old_mean, old_variance) = cast(nn.BatchNorm2d, self.norm), self._statistics()
        scale = norm.weight / torch.sqrt(old_variance + EPSILON)
        shift = norm.bias - old_mean * scale
        mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
        old_mean.copy_(mean)
        old_variance.copy_(variance)
        norm.weight.copy_(scale * torch.sqrt(variance + EPSILON))
        norm.bias.copy_(shift + mean * scale)

    def folded(self) -> Conv:
        """The layer as it is stored: norm folded in, float16."""
        weight = self.weight.detach().numpy()
        if self.middle is not None and self.unit is not None:  # a layer without a norm
            kernels = (self.weight / self.unit[:, None, None]).detach()
            bias = self.bias.detach() - _of_constant(kernels, self.middle)
            return rounded(kernels.numpy(), bias.numpy())
        if self.norm is None:
            return rounded(weight, self.bias.detach().numpy())
        parts = (self.norm.weight.detach(), self.norm.bias.detach(), *self._statistics())
        gamma, beta, mean, variance = (part.numpy() for part in parts)
        return fold(weight, BatchNorm(gamma, beta, mean, variance, EPSILON))


def _of_constant(kernels: Tensor, channels: Tensor) -> Tensor:
    """What kernels (O, I, KH, KW) make (O,) of channels (I,) that are the same everywhere."""
    return kernels.sum(dim=(2, 3)) @ channels
