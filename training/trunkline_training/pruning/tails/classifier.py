"""The rest of MobileNetV2 as a tail that can be pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from torch import Tensor, nn

from trunkline.errors import ParameterError
from trunkline.weights import mobilenet_v2
from trunkline_training.nets.classifier import LINEAR, Classifier, Plan, describe, from_stage
from trunkline_training.nets.entry import LAST
from trunkline_training.nets.places import Places
from trunkline_training.pruning.described import Convolutions, Plain
from trunkline_training.pruning.tails.abc import Arrays, Convs, Tail
from trunkline_training.train.models import plan_of
from trunkline_training.train.pictures import divergence


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

    def described(self, parts: Sequence[Tensor]) -> Arrays:
        """`logits` (N, classes)."""
        (logits,) = parts
        return {"logits": logits.flatten(1)}  # (N, classes, 1, 1) -> (N, classes)

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


def _seen(plan: Plan) -> float:
    """The share of a side that a classifier sees."""
    return plan.places.middle / plan.made if plan.places.middle else 1.0
