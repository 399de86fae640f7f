"""Ridge regression from sums that grow batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]


class Ridge:
    """Least squares from `inputs` to `outputs` numbers with an unpenalised constant.

    Minimises sum |W x + b - y|^2 + penalty |W|^2 over all rows that were added.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        self.count = 0
        self._xx = np.zeros((inputs, inputs))
        self._xy = np.zeros((inputs, outputs))
        self._x = np.zeros(inputs)
        self._y = np.zeros(outputs)

    def add(self, x: Floats, y: Floats) -> None:
        """Take in rows x (N, inputs) and y (N, outputs)."""
        x64, y64 = x.astype(np.float64), y.astype(np.float64)
        self.count += len(x64)
        self._xx += x64.T @ x64
        self._xy += x64.T @ y64
        self._x += x64.sum(axis=0)
        self._y += y64.sum(axis=0)

    def solve(self, penalty: float) -> tuple[Doubles, Doubles]:
        """W (outputs, inputs) and b (outputs,) for this penalty."""
        xx, xy = self._centred()
        xx[np.diag_indices_from(xx)] += penalty
        weight = np.linalg.solve(xx, xy).T
        return weight, (self._y - weight @ self._x) / self.count

    @property
    def spread(self) -> float:
        """The inputs' squared deviations, summed over rows, mean over inputs."""
        mean = self._x / self.count
        return float((np.trace(self._xx) - self.count * mean @ mean) / len(mean))

    def explained(self, weight: Doubles) -> float:
        """How much of the squared deviation of y the predictions of `weight` take away."""
        xx, xy = self._centred()
        return float(2 * np.sum(weight.T * xy) - np.sum((weight @ xx) * weight))

    def _centred(self) -> tuple[Doubles, Doubles]:
        mean_x, mean_y = self._x / self.count, self._y / self.count
        return (
            self._xx - self.count * np.outer(mean_x, mean_x),
            self._xy - self.count * np.outer(mean_x, mean_y),
        )
