"""One convolution from one network's feature tensor to another's, by least squares."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trunkline.types import Tensor
from trunkline.weights.conv import Conv, rounded
from trunkline_training.ridge import Floats, Ridge

KERNEL = 3
PENALTY = 1e-3


def fit(pairs: Iterable[tuple[Tensor, Tensor]]) -> tuple[Conv, float]:
    """The 3x3 convolution that turns the first tensor of each pair into the second, best.

    Pairs are batches (N, inputs, H, W) and (N, channels, H, W), at least one. Also gives the share
    of the targets' variance it explains, 0..1.
    """
    rest = iter(pairs)
    first = next(rest)
    inputs, channels = first[0].shape[1], first[1].shape[1]
    sums, squares, count = Ridge(inputs * KERNEL * KERNEL, channels), np.zeros(channels), 0
    total = np.zeros(channels)
    for ours, theirs in chain([first], rest):
        target = theirs.transpose(0, 2, 3, 1).reshape(-1, channels)  # (N, C, H, W) -> (N*H*W, C)
        sums.add(patches(ours), target)
        squares += (target.astype(np.float64) ** 2).sum(axis=0)
        total += target.astype(np.float64).sum(axis=0)
        count += len(target)
    weight, bias = sums.solve(PENALTY)
    spread = float((squares - total**2 / count).sum())
    conv = rounded(weight.reshape(channels, inputs, KERNEL, KERNEL), bias)
    return conv, sums.explained(weight) / spread


def patches(features: Tensor) -> Floats:
    """Each place's 3x3 neighbourhood, zeros beyond the border: (N*H*W, C*9), C slowest."""
    margin = KERNEL // 2
    padded = np.pad(features, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    windows = sliding_window_view(padded, (KERNEL, KERNEL), axis=(2, 3))  # (N, C, H, W, 3, 3)
    # -> (N, H, W, C, 3, 3) -> (N*H*W, C*9)
    rows: Floats = windows.transpose(0, 2, 3, 1, 4, 5).reshape(
        -1, features.shape[1] * KERNEL * KERNEL
    )
    return rows
