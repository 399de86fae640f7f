"""What a trainer needs to know of what it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn

from trunkline_training.train.views import Batch

SCORE = "score"
"""The validation figure by which the best weights are chosen; more is better."""


class Job(ABC):
    """A module, its batches, its loss and its validation."""

    module: nn.Module
    depends = ""
    """Tells its pictures and what was made of them from others: a run goes on with the same."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Batches in an epoch."""

    @abstractmethod
    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """The batches of these steps; the same ones whenever they are asked for."""

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """What is minimised is the sum; each part is logged under its name."""

    @abstractmethod
    def validate(self, module: nn.Module) -> dict[str, float]:
        """Figures of the module, in evaluation mode, on the validation pictures; with SCORE."""

    @abstractmethod
    def onnx(self, module: nn.Module) -> bytes:
        """The module as it is served."""
