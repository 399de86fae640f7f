"""What a sweep asks of a task: what one picture's answer is worth, and what many are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trunkline.types import Result
from trunkline_benchmarks.shards import Row

Outputs = Sequence[NDArray[np.float32]]


@dataclass(frozen=True)
class Metric:
    """One column of the tables; in `unit` (`%` or dB), more is better."""

    name: str
    title: str
    unit: str


@dataclass(frozen=True)
class Change:
    """A metric's change against the uncompressed network, in points; 95 % of it lie between."""

    points: float
    low: float
    high: float


Changes = Callable[[Sequence[Row]], Mapping[str, Change]]
"""From one setting's rows to the change of each metric."""


class Evaluation(ABC):
    """How one task is evaluated. `labels` are its tail's; no state between pictures."""

    truth: ClassVar[str]
    """What its data sets have to know: CLASSES, BOXES or nothing."""
    metrics: ClassVar[tuple[Metric, ...]]
    """The first one is the curves' and the plots'."""
    has_tail: ClassVar[bool] = True
    steady: ClassVar[str] = ""
    """A metric that chance moves less than the first one; empty: that one."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels

    @property
    def comparable(self) -> list[Metric]:
        """What curves are compared by: the first metric, and the steady one."""
        first = self.metrics[0]
        return [first, *(it for it in self.metrics[1:] if it.name == self.steady)]

    @abstractmethod
    def judge(self, outputs: Outputs, reference: Outputs, truth: Any) -> Row:  # noqa: ANN401
        """A row's fields for one picture.

        `outputs` are the tail's for what arrived, `reference` for the features as they were,
        `truth` is the data set's word. JSON values.
        """

    @abstractmethod
    def answer(self, outputs: Outputs) -> Result:
        """What an edge that did everything itself would send; asked only where `has_tail`."""

    @abstractmethod
    def score(self, rows: Sequence[Row]) -> dict[str, float]:
        """Every metric over one setting's rows."""

    @abstractmethod
    def against(self, reference: Sequence[Row], seed: int) -> Changes:
        """What finds every metric's change with its paired bootstrap interval.

        `reference` are the uncompressed network's rows of the same pictures in the same order.
        """
