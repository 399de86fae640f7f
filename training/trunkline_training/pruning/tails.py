"""The tails that can be pruned, by what their layers are: what is traced, trained and served."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from trunkline.errors import ParameterError, WeightsError
from trunkline.types import Shape
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import Conv
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.nets.classifier import LINEAR, Classifier, Plan, describe, from_stage
from trunkline_training.nets.detector import Detector
from trunkline_training.nets.entry import LAST
from trunkline_training.nets.heads import Head, of_layers
from trunkline_training.nets.places import Places
from trunkline_training.nets.ssd_layers import FIRST_SCALE
from trunkline_training.pruning import matched
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.described import Convolutions, Described, Plain, module_name
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.train.models import Given, plan_of
from trunkline_training.train.pictures import divergence

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
        return Prunable(Described(self.describe, convs), torch.zeros(1, *self.shape), fixed)


class ClassifierTail(Tail):
    """The rest of MobileNetV2."""

    detects = False
    title = "MobileNetV2 1.0, pruned"
    fixed = (LINEAR,)

    @property
    def plan(self) -> Plan:
        """Its stages."""
        return plan_of(self.given, self.shape, len(self.given.labels))

    def on(self, asked: Places) -> Tail:
        """See `Tail`."""
        given = self.given.places
        small = cast(ClassifierTail, super().on(asked))
        if asked.middle:
            self._check_middle(asked.middle, small.plan)
        plan = replace(small.plan, places=replace(small.given.places, last_grid=given.last_grid))
        there = given.last_grid or from_stage(plan, self.given.convs, LAST, plan.classes).shape[1]
        if asked.last_grid >= there:
            raise ParameterError(
                f"last-grid is {asked.last_grid}: expected fewer places a side than the last "
                f"convolution works on, {there}"
            )
        return small

    def _check_middle(self, asked: int, plan: Plan) -> None:
        if plan.entry >= LAST or mobilenet_v2.BLOCKS[plan.entry].stride == 1:
            raise ParameterError(
                f"middle is for tails whose first stage halves the map, and this one begins with "
                f"stage {plan.entry}: leave it out"
            )
        there = self.given.places.middle or plan.made
        if asked >= there or (there - asked) % 2:
            raise ParameterError(
                f"middle is {asked}: expected 2, 4, ... fewer places a side than the tail's first "
                f"stage makes, {there}"
            )

    def share(self, of: Tail) -> float:
        """See `Tail`."""
        return _seen(self.plan) / _seen(cast(ClassifierTail, of).plan)

    def resampling(self, convs: Convs) -> int:
        """Its plan's."""
        return self.plan.resampling(convs)

    def describe(self, graph: Plain, x: Tensor, convs: Convolutions) -> Sequence[Tensor]:
        """Logits (N, classes, 1, 1)."""
        pooled = describe(graph, x, convs, self.plan).mean(dim=(2, 3), keepdim=True)
        last = convs[LINEAR]
        return [graph.conv(LINEAR, pooled, last, padding="symmetric", activation="linear")]

    def module(self, convs: Convs) -> nn.Module:
        """A classifier."""
        return Classifier(self.plan, convs, normed=False, dropout=0.0, seed=0)

    def answers(self, module: nn.Module, features: Tensor) -> Arrays:
        """`logits` (N, classes)."""
        return {"logits": module(features)[1]}

    def losses(self, ours: Arrays, wanted: Arrays, temperature: float) -> dict[str, Tensor]:
        """`divergence`."""
        return {"divergence": divergence(ours["logits"], wanted["logits"], temperature)}

    def agreement(self, ours: Arrays, wanted: Arrays) -> float:
        """The best class."""
        same = ours["logits"].argmax(dim=1) == wanted["logits"].argmax(dim=1)
        return 100 * float(same.double().mean())

    def onnx(self, module: nn.Module, iou_nms: float) -> bytes:
        """`features` -> `logits`."""
        return cast(Classifier, module).onnx()


class DetectorTail(Tail):
    """An SSD; which one, its layers say."""

    detects = True

    @property
    def head(self) -> Head:
        """Its architecture. Raises WeightsError for a tail that has none of HEADS."""
        given = self.given
        kind = cast("type[Head]", of_layers(given.convs))  # see tail_of
        classes, stitched = len(given.labels) + 1, STITCH in given.convs
        head = kind(classes, self.shape, given.padding, stitched, given.places.grid)
        self._check(head)
        return head

    def _check(self, head: Head) -> None:
        for name, shape in head.shapes.items():
            found = self.given.convs.get(name)
            if found is None or (shape.answers and len(found.bias) != shape.out):
                raise WeightsError(
                    f"the tail's {name} is not that of {head.title} for {head.classes - 1} labels: "
                    "expected a tail that trunkline train ssd made"
                )

    @property
    def title(self) -> str:
        """The head's."""
        return f"{self.head.title}, pruned"

    @property
    def fixed(self) -> Sequence[str]:
        """Scores, boxes, and the scale of the trunk's own channels."""
        answers = [name for name, shape in self.head.shapes.items() if shape.answers]
        return [*answers, FIRST_SCALE]

    def describe(self, graph: Plain, x: Tensor, convs: Convolutions) -> Sequence[Tensor]:
        """Every map's scores and box codes."""
        return [part for pair in self.head.describe(graph, x, convs) for part in pair]

    def module(self, convs: Convs) -> nn.Module:
        """A detector."""
        return Detector(self.head, convs, normed=False, seed=0)

    def answers(self, module: nn.Module, features: Tensor) -> Arrays:
        """`codes` (N, A, 4) and `scores` (N, A, classes)."""
        codes, scores = module(features)
        return {"codes": codes, "scores": scores}

    def expected(self, answers: Arrays, of: Tail) -> Arrays:
        """Those of the nearest anchors, see `matched`."""
        if self.given.places.grid == of.given.places.grid:
            return answers
        return matched.answers(answers, cast(DetectorTail, of).head, self.head)

    def on(self, asked: Places) -> Tail:
        """No last grid: many layers read what is before a detector's answers; and all places."""
        for name, value in (("last-grid", asked.last_grid), ("middle", asked.middle)):
            if value:
                raise ParameterError(f"{name} is for classifiers: leave it out for a detector")
        return super().on(asked)

    def resampling(self, convs: Convs) -> int:
        """Its head's."""
        return self.head.resampling(convs)

    def losses(self, ours: Arrays, wanted: Arrays, temperature: float) -> dict[str, Tensor]:
        """`classes`: divergence by anchor; `boxes`: smooth L1, where the other one sees something.

        An anchor weighs as much as the other network sees an object there, and all of a batch's
        anchors weigh as much again together, so that the many with nothing drown no object.
        """
        object_there = 1 - wanted["scores"].softmax(dim=2)[:, :, 0]  # (N, A)
        weights = object_there + object_there.mean()
        theirs = functional.log_softmax(wanted["scores"] / temperature, dim=2)
        own = functional.log_softmax(ours["scores"] / temperature, dim=2)
        apart = (theirs.exp() * (theirs - own)).sum(dim=2)  # (N, A)
        off = functional.smooth_l1_loss(ours["codes"], wanted["codes"], reduction="none")
        return {
            "classes": temperature**2 * (weights * apart).sum() / weights.sum(),
            "boxes": (object_there * off.sum(dim=2)).sum() / object_there.sum(),
        }

    def agreement(self, ours: Arrays, wanted: Arrays) -> float:
        """The best class, nothing included, of anchors where one of both sees an object."""
        own, theirs = ours["scores"].argmax(dim=2), wanted["scores"].argmax(dim=2)
        seen = (own > 0) | (theirs > 0)
        return 100 * float((own == theirs)[seen].double().mean()) if seen.any() else 100.0

    def onnx(self, module: nn.Module, iou_nms: float) -> bytes:
        """`features` -> `detections`."""
        return cast(Detector, module).onnx(iou_nms)


def _seen(plan: Plan) -> float:
    """The share of a side that a classifier sees."""
    return plan.places.middle / plan.made if plan.places.middle else 1.0


def tail_of(given: Given, shape: Shape) -> Tail:
    """The kind of tail that these layers are. Raises WeightsError for another one."""
    if LINEAR in given.convs:
        return ClassifierTail(given, shape)
    if of_layers(given.convs) is not None:
        return DetectorTail(given, shape)
    raise WeightsError(
        "the tail is no classifier's and no detector's: expected one that trunkline train made; "
        "prune others as modules"
    )
