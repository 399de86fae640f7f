"""Steps whose pictures are mixed two by two: each with the one at the batch's other end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Box = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class Mixing:
    """Mixup and CutMix by the alphas of their Beta distributions, 0 for none; half each with both.

    Sources: Zhang et al., "mixup" (2018); Yun et al., "CutMix" (2019).
    """

    mixup: float
    cutmix: float
    seed: int

    def __bool__(self) -> bool:
        return self.mixup > 0 or self.cutmix > 0

    def __call__(self, step: int, pixels: Pixels) -> Pixels:
        """A step's pixels (N, 3, H, W), mixed."""
        share, box = self._drawn(step, pixels.shape[2:])
        others = pixels[::-1]
        if box is None:
            blended: Pixels = np.float32(share) * pixels + np.float32(1 - share) * others
            return blended
        rows, columns = box
        mixed: Pixels = pixels.copy()
        mixed[:, :, rows, columns] = others[:, :, rows, columns]
        return mixed

    def share(self, step: int, size: tuple[int, ...]) -> float:
        """How much of each picture of a step, of `size` (H, W), is its own; of no step all."""
        return self._drawn(step, size)[0] if self and step >= 0 else 1.0

    def _drawn(self, step: int, size: tuple[int, ...]) -> tuple[float, Box | None]:
        """A step's share, and with CutMix where the rest is seen."""
        rng = np.random.default_rng([self.seed, step])
        cuts = self.cutmix > 0 and (self.mixup == 0 or rng.random() < 0.5)
        alpha = self.cutmix if cuts else self.mixup
        share = float(rng.beta(alpha, alpha))
        if not cuts:
            return share, None
        box = _box(share, size, rng)
        covered = [(it.stop - it.start) / length for it, length in zip(box, size, strict=True)]
        return 1 - covered[0] * covered[1], box


def _box(share: float, size: tuple[int, ...], rng: np.random.Generator) -> Box:
    """Where the other picture is seen: 1 - share of the area, less what would lie outside."""

    def along(length: int) -> slice:
        half = length * np.sqrt(1 - share) / 2
        middle = rng.uniform(0, length)
        return slice(max(0, round(middle - half)), min(length, round(middle + half)))

    height, width = size
    return along(height), along(width)
