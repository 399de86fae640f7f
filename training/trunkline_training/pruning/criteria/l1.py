"""`l1`: the sum of a filter's absolute weights.

Source: Li et al., "Pruning Filters for Efficient ConvNets" (2017), section 3.1.
"""

from __future__ import annotations

import numpy as np

from trunkline_training.pruning.criteria.abc import Criterion, Floats


class L1(Criterion):
    """Small filters make small maps."""

    def scores(self, name: str, weight: Floats) -> Floats:
        """Norms, (O,)."""
        norms: Floats = np.abs(weight.astype(np.float64)).sum(axis=(1, 2, 3))
        return norms
