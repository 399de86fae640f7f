"""`random`: the control. What is no better than this knows nothing of filters."""

from __future__ import annotations

import zlib

import numpy as np

from trunkline_training.pruning.criteria.abc import Criterion, Floats


class Random(Criterion):
    """Uniform in 0..1, by the seed and the convolution's name alone."""

    def scores(self, name: str, weight: Floats) -> Floats:
        """Numbers, (O,)."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())]).random(len(weight))
