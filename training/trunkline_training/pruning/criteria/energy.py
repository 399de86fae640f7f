"""`energy`: how much of what its readers make changes with a filter's map.

A filter's variance times the squared weights with which it is read, by the variance of the reader's
output, summed over readers. Own choice; the sum over outputs is what Luo et al., "ThiNet" (2017),
measure for a whole subset, here for each filter alone.
"""

from __future__ import annotations

from trunkline_training.pruning.criteria.abc import Criterion, Floats


class Energy(Criterion):
    """A filter that nobody reads, or that never changes, is worth nothing."""

    heard = True

    def of_reader(self, weight: Floats, covariance: Floats) -> Floats:
        """Shares of the reader's variance, (I,)."""
        taps = weight.sum(axis=2)  # (O, I, places) -> (O, I): of a map that is the same around
        whole = float(((taps @ covariance) * taps).sum())
        shares: Floats = (weight**2).sum(axis=(0, 2)) * covariance.diagonal()
        return shares / whole if whole > 0 else shares
