"""The probe: a fixed synthetic picture whose responses tell two trunks apart.

Two files of one network (other storage, other rounding) answer alike; two networks do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.types import Preprocess, Tensor

TOLERANCE = 0.01
"""Largest relative distance (1 %) at which two responses are the same network's."""


def picture() -> NDArray[np.uint8]:
    """The probe picture, (224, 224, 3) uint8 RGB, by integer arithmetic only.

    Each channel sums a diagonal ramp, a checkerboard whose squares differ per channel and a
    residue pattern: flat areas, edges and fine texture at once.
    """
    y, x = np.mgrid[0:224, 0:224].astype(np.int64)
    planes = []
    for channel, square in enumerate((8, 28, 56)):
        ramp = (x * (channel + 1) + y * (3 - channel)) // 8
        board = ((x // square + y // square) % 2) * 96
        texture = (x * x * (channel + 3) + y * y * 7 + x * y) % 61
        planes.append((ramp + board + texture) % 256)
    return np.stack(planes, axis=-1).astype(np.uint8)  # (H, W, C)


def batch(preprocess: Preprocess) -> Tensor:
    """The probe picture as a trunk's input, (1, 3, 224, 224) float32."""
    mean = np.array(preprocess.mean, np.float32)
    std = np.array(preprocess.std, np.float32)
    planes = ((picture().astype(np.float32) - mean) / std).transpose(2, 0, 1)  # HWC -> CHW
    return np.ascontiguousarray(planes[None], dtype=np.float32)


def response(features: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    """Channel means of one trunk output (1, C, H, W), C numbers rounded to 6 digits."""
    means = features[0].astype(np.float64).mean(axis=(1, 2))
    return tuple(float(f"{value:.6g}") for value in means)


def text(response: Sequence[float]) -> str:
    """A response as a line of a card."""
    numbers = ", ".join(f"{value:g}" for value in response)
    return f"* Trunk's channel means for the probe picture: {numbers}\n"


def distance(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Relative distance |ours - theirs|_2 / |theirs|_2 of two channel-mean vectors.

    Infinite where their lengths differ: those are different cuts.
    """
    if len(ours) != len(theirs):
        return float("inf")
    reference = np.array(theirs, np.float64)
    gap = np.linalg.norm(np.array(ours, np.float64) - reference)
    return float(gap / max(float(np.linalg.norm(reference)), 1e-12))
