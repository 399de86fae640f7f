"""Two scores of a source network on the target's pictures, before any training.

Ueno, Azuma and Kondo (The University of Tokyo), on choosing a source model for transfer learning.
N pictures, K classes of the source, T classes of the target.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import TensorError

Floats = NDArray[np.float64]


def softmax(logits: NDArray[np.floating[Any]]) -> Floats:
    """Probabilities (N, K) of logits (N, K). Raises TensorError for NaN, Inf and other shapes."""
    if logits.ndim != 2 or not logits.shape[1]:
        raise TensorError(f"logits are {logits.shape}: expected (pictures, classes)")
    if not np.isfinite(logits).all():
        raise TensorError("logits hold NaN or Inf: expected finite ones; the tail is damaged")
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))  # the best is 1: none overflows
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def distances(source: Floats, target: Floats) -> Floats:
    """Euclidean distances (K, T) between vectors (K, D) and (T, D) of class names."""
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise TensorError(
            f"vectors are {source.shape} and {target.shape}: expected (K, D) and (T, D)"
        )
    # differences themselves: the expanded square would lose what is small
    columns = [np.linalg.norm(source - vector, axis=1) for vector in target]
    return np.stack(columns, axis=1) if columns else np.empty((len(source), 0))


def certainties(probabilities: Floats) -> Floats:
    """Each picture's highest probability, (N,): its share of the softmax score."""
    best: Floats = probabilities.max(axis=1)
    return best


def costs(probabilities: Floats, apart: Floats, truth: NDArray[np.int64]) -> Floats:
    """Each picture's f(x)^T w, (N,): its share of the EMD score.

    `apart` are the `distances` (K, T), `truth` the pictures' target classes (N,). All probability
    has to be moved to the one true class, so that this is the earth mover's distance.
    """
    expected = (probabilities.shape[1], len(truth))
    if (len(apart), len(probabilities)) != expected:
        raise TensorError(
            f"{len(probabilities)} pictures and {len(apart)} rows of distances: expected "
            f"{expected[1]} and {expected[0]}"
        )
    moved: Floats = np.einsum("nk,kn->n", probabilities, apart[:, truth])
    return moved


def total(shares: Floats) -> float:
    """A score: the sum over the pictures, rounded once, so that their order does not matter."""
    return math.fsum(shares)
