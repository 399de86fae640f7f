"""`hrank`: the mean rank of a filter's feature map over sample pictures.

Source: Lin et al., "HRank: Filter Pruning using High-Rank Feature Map" (2020), equation 4: a map
(H, W) of low rank holds little, and its mean over few pictures is nearly that over many.
"""

from __future__ import annotations

import numpy as np

from trunkline_training.pruning.criteria.abc import Criterion, Floats


class HRank(Criterion):
    """Ranks of matrices, 0..min(H, W)."""

    seen = True

    def of_maps(self, maps: Floats) -> Floats:
        """Each map's rank, (N, O)."""
        ranks: Floats = np.linalg.matrix_rank(maps).astype(np.float64)
        return ranks
