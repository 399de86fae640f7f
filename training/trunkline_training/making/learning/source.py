"""What a task is made from: a frozen trunk, and the layers of a tail that was trained before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trunkline import trunks
from trunkline.errors import ParameterError, WeightsError
from trunkline.trunks import Trunk
from trunkline.weights import mobilenet_v2, package
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import TailEntry, TrunkEntry
from trunkline.weights.store import ModelStore
from trunkline_training.making.learning.settings import CHANCE, Making
from trunkline_training.nets.classifier import (
    LINEAR,
    Plan,
    drawn_plan,
    from_stage,
    front_model,
    tail_model,
)
from trunkline_training.nets.entry import OUTPUT
from trunkline_training.nets.start import layers, require
from trunkline_training.train import models


@dataclass(frozen=True, eq=False)
class Source:
    """The trunk and a tail's layers without its last one, which knows other classes.

    `origin` says for the card where the layers are from and under which licence.
    """

    trunk: Trunk
    trunk_entry: TrunkEntry
    name: str
    origin: str
    plan: Plan
    convs: Mapping[str, Conv]

    def front(self, stage: int) -> bytes | None:
        """The frozen layers before `stage` as ONNX; None where the trunk's features enter it."""
        if stage == self.plan.entry:
            return None
        return front_model(self.plan, self.convs, stage)

    def require(self, stage: int) -> None:
        """Raise ParameterError where the tail has no such stage."""
        if not self.plan.entry <= stage <= OUTPUT:
            raise ParameterError(
                f"from is {stage}: behind trunk {self.trunk.spec.name} the tail begins with layer "
                f"{self.plan.entry}; expected that or a later one"
            )

    def behind(self, stage: int, classes: int) -> Plan:
        """What is trained: the tail from `stage` on."""
        return from_stage(self.plan, self.convs, stage, classes)

    def tail(self, trained: Mapping[str, Conv], classes: int) -> bytes:
        """The whole tail as ONNX, with the trained layers in place of its own."""
        return tail_model(replace(self.plan, classes=classes), {**self.convs, **trained})


def load(settings: Making) -> Source:
    """The trunk, and the layers that `settings.source` names. Raises TrunklineError."""
    store = ModelStore.default()
    weights = trunks.kind(settings.trunk).set_or_own(settings.set)
    trunk = trunks.load(settings.trunk, weights, store=store, threads=settings.threads)
    trunk_entry = store.trunk(settings.trunk, weights)
    if settings.source == CHANCE:
        plan, convs = _drawn(trunk, trunk_entry, settings.seed)
        return Source(trunk, trunk_entry, CHANCE, models.OWN, plan, convs)
    tail = _tail(settings.source, store, trunk)
    plan, kept = _given(trunk, tail)
    return Source(trunk, trunk_entry, tail.model, models.words_of(tail), plan, kept)


def _given(trunk: Trunk, tail: TailEntry) -> tuple[Plan, Mapping[str, Conv]]:
    """A classifier's layers but for its last one. Raises WeightsError where it has others."""
    given = models.given_of(tail)
    if LINEAR not in given.convs or not set(given.convs) & set(mobilenet_v2.LAYERS):
        raise WeightsError(
            f"{tail.path} is no classifier of MobileNetV2's layers: choose another --source"
        )
    plan = models.plan_of(given, trunk.spec.shape, len(given.labels))
    kept = {name: conv for name, conv in given.convs.items() if name != LINEAR}
    require(plan.fitted(kept), kept, but=LINEAR)
    return plan, kept


def _tail(source: str, store: ModelStore, trunk: Trunk) -> TailEntry:
    """The tail that `source` names, which must be one for this trunk."""
    if not (Path(source) / package.NAME).is_file():
        return store.tail(trunk.spec.name, trunk.spec.set, source)
    tail = package.read(Path(source)).tail
    package.require_fit(tail, trunk.spec, source)
    return tail


def _drawn(trunk: Trunk, stored: TrunkEntry, seed: int) -> tuple[Plan, Mapping[str, Conv]]:
    """A tail of random layers, the control of method D."""
    spec = trunk.spec
    padding = models.padding_of(stored.verified_path().read_bytes())
    plan = drawn_plan(spec.shape, padding, classes=1)
    drawn = layers(plan.shapes, {}, normed=False, seed=seed)
    return plan, {name: layer.folded() for name, layer in drawn.items() if name != LINEAR}
