"""What a tail that can be pruned is: what is traced, trained and served."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from trunkline.errors import ParameterError
from trunkline.types import Shape
from trunkline.weights.conv import Conv
from trunkline_training.nets.places import Places
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.described import Convolutions, Described, Plain, module_name
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.train.models import Given

Arrays = Mapping[str, Tensor]
Convs = Mapping[str, Conv]


@dataclass(frozen=True, eq=False)
class Tail(ABC):
    """One kind of tail. `shape` is (C, H, W) of the trunk's features."""

    given: Given
    shape: Shape
    detects: ClassVar[bool]

    @property
    @abstractmethod
    def title(self) -> str:
        """The network's name."""

    @property
    @abstractmethod
    def fixed(self) -> Sequence[str]:
        """Layers that keep all of their filters: their number is the answer's, or the trunk's."""

    @abstractmethod
    def describe(self, graph: Plain, x: Tensor, convs: Convolutions) -> Sequence[Tensor]:
        """The tail up to its answers."""

    @abstractmethod
    def module(self, convs: Convs) -> nn.Module:
        """The tail with these weights, to be trained."""

    @abstractmethod
    def answers(self, module: nn.Module, features: Tensor) -> Arrays:
        """What `module` makes of (N, C, H, W), each (N, ...)."""

    @abstractmethod
    def described(self, parts: Sequence[Tensor]) -> Arrays:
        """The same of what `describe` gives."""

    @abstractmethod
    def losses(self, ours: Arrays, wanted: Arrays, temperature: float) -> dict[str, Tensor]:
        """How far one's answers are from another's."""

    @abstractmethod
    def agreement(self, ours: Arrays, wanted: Arrays) -> float:
        """How often both say the same, in percent."""

    @abstractmethod
    def onnx(self, module: nn.Module, iou_nms: float) -> bytes:
        """The tail as it is served."""

    def on(self, asked: Places) -> Tail:
        """The same on these places; 0: as it is. Raises ParameterError."""
        there = self.given.places.grid or self.shape[1]
        if asked.grid >= there:
            raise ParameterError(
                f"grid is {asked.grid}: expected fewer places a side than the tail works on, "
                f"{there}"
            )
        places = asked.over(self.given.places)
        return replace(self, given=replace(self.given, places=places))

    def share(self, of: Tail) -> float:
        """How much of a side that `of` sees this tail sees."""
        return 1.0

    @abstractmethod
    def resampling(self, convs: Convs) -> int:
        """Multiply-accumulates of going to its grids."""

    def cost(self, convs: Convs) -> Cost:
        """Of the tail with these weights, resampling included.

        Raises WeightsError where a map has too few places.
        """
        resampling = self.resampling(convs)  # its walk finds what tracing would fail at
        found = Costs(self.prunable(convs), ()).total()
        return replace(found, macs=found.macs + resampling)

    def expected(self, answers: Arrays, of: Tail) -> Arrays:
        """What this tail is to answer where `of`, the same on another grid, gives `answers`."""
        return answers

    def prunable(self, convs: Convs) -> Prunable:
        """The tail as its structure is traced."""
        fixed = frozenset(module_name(name) for name in self.fixed if name in convs)
        network = Described(self.describe, convs)
        return Prunable(network, torch.zeros(1, *self.shape), fixed, self._apart)

    def _apart(self, whole: Sequence[Tensor], now: Sequence[Tensor]) -> float:
        """By its own losses, which know more of answers than how they vary."""
        found = self.losses(self.described(now), self.described(whole), 1.0)
        return float(torch.stack(list(found.values())).sum())
