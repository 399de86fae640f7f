"""A tail that learns the unpruned one's answers to unlabelled pictures, behind the frozen trunk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trunkline.trunks import Trunk
from trunkline_training.datasets import BOXES, CLASSES
from trunkline_training.nets.places import EVERYWHERE
from trunkline_training.progress import say
from trunkline_training.pruning import hints
from trunkline_training.pruning.settings import TailPruning
from trunkline_training.pruning.tails.abc import Arrays as Answers
from trunkline_training.pruning.tails.abc import Tail
from trunkline_training.train.cards import Story
from trunkline_training.train.collection import Collection
from trunkline_training.train.job import SCORE
from trunkline_training.train.received import Received
from trunkline_training.train.samples import ClassSamples, Samples, SceneSamples
from trunkline_training.train.task import TaskJob
from trunkline_training.train.views import Arrays, Batch, views_of

PART = 32
FEATURES = "features"


class TailJob(TaskJob):
    """`tail` says what it is; `module` learns its answers, those that `small` is to give.

    It may be narrower than `tail.given`, and `small` the same tail on fewer places.

    The trunk's features and the unpruned tail's answers are computed once for each kept view.
    """

    def __init__(
        self,
        config: TailPruning,
        tail: Tail,
        small: Tail,
        trunk: Trunk,
        collected: Collection,
        module: nn.Module,
        story: Story,
    ) -> None:
        self.config, self._tail, self._small, self.trunk = config, tail, small, trunk
        self.module, self.labels = module, tail.given.labels
        self.collected = collected
        self.detects, self.test_truth = tail.detects, BOXES if tail.detects else CLASSES
        self._settings = config
        self._received = Received(config, trunk)
        teacher = tail.module(tail.given.convs).eval()
        self._teacher = teacher.to(memory_format=torch.channels_last)  # as the trainer's: faster
        self._hints = self._comparable() if config.hints else []
        self.story = replace(story, method=f"{story.method}; {self._lesson}")
        made_by = f"{self._received.made_by} {teacher_digest(tail)}"
        kept = ClassSamples(collected.validation, config.seed, config.smallest_crop, False)
        self._views = views_of(config, self._learnt(), self.prepare, made_by)
        self._validation = views_of(config, kept, self.prepare, made_by).plain()
        self.calibrate()

    def _learnt(self) -> Samples:
        """The pictures learnt from, changed."""
        config = self._settings
        seen = (self.collected.training, config.seed, config.smallest_crop, config.augment)
        if self.detects:
            return SceneSamples(*seen, fill=self.trunk.spec.preprocess.mean)
        return ClassSamples(*seen)

    def _comparable(self) -> list[str]:
        """The layers whose inputs are hints; none where no map is the unpruned tail's."""
        names = hints.shared(self.module, self._teacher)
        features = torch.zeros(1, *self._tail.shape)
        with torch.no_grad(), hints.read(self.module, names) as ours:
            self.module(features)
        if hints.pairs(ours, self._theirs(features, names), self._small.share(self._tail)):
            return names
        say("no inner map is left that the unpruned tail has too: answers alone are learnt")
        return []

    @property
    def _lesson(self) -> str:
        """What is learnt, for a card."""
        if not self.config.epochs:
            return "nothing learnt since"
        maps = " and its inner maps" if self._hints else ""
        return (
            f"then the answers of the unpruned tail to unlabelled pictures{maps} learnt, behind "
            "the frozen trunk"
        )

    def prepare(self, pixels: NDArray[np.float32]) -> Arrays:
        """The trunk's features and the unpruned tail's answers."""
        features = self._received(pixels)
        with torch.no_grad():
            answers = self._tail.answers(self._teacher, torch.from_numpy(features))
        return {FEATURES: features, **{name: it.numpy() for name, it in answers.items()}}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """How far the answers are apart, and inner maps where `hints` has a weight."""
        wanted = self._wanted(batch.arrays)
        ours, hinted = self._answers(self.module, wanted[FEATURES])
        return {**hinted, **self._tail.losses(ours, wanted, self._settings.temperature)}

    def validate(self, module: nn.Module) -> dict[str, float]:
        """The losses at temperature 1, and how often both tails say the same, in percent."""
        wanted = self._wanted(self._validation.arrays)
        parts = [self._answers(module, part) for part in torch.split(wanted[FEATURES], PART)]
        ours: Answers = {name: torch.cat([it[name] for it, _ in parts]) for name in parts[0][0]}
        hinted = {
            name: float(torch.stack([it[name] for _, it in parts]).mean()) for name in parts[0][1]
        }
        found = hinted | {k: float(v) for k, v in self._tail.losses(ours, wanted, 1.0).items()}
        agree = self._tail.agreement(ours, wanted)
        return {SCORE: -sum(found.values()), "agree": agree, **found}

    def _wanted(self, arrays: Arrays) -> Answers:
        """Features, and the answers to learn."""
        found = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return {FEATURES: found.pop(FEATURES), **self._small.expected(found, self._tail)}

    def _answers(self, module: nn.Module, features: Tensor) -> tuple[Answers, Answers]:
        """The module's, and `hints`: how far its inner maps are from the unpruned tail's."""
        with hints.read(module, self._hints) as ours:
            answers = self._tail.answers(module, features)
        if not ours:
            return answers, {}
        wanted = self._theirs(features, self._hints)
        apart = hints.apart(ours, wanted, self._small.share(self._tail))
        return answers, {"hints": self._settings.hints * apart}

    @torch.no_grad()
    def _theirs(self, features: Tensor, names: Sequence[str]) -> hints.Maps:
        """The unpruned tail's inner maps."""
        with hints.read(self._teacher, names) as maps:
            self._teacher(features)
        return maps

    def onnx(self, module: nn.Module) -> bytes:
        """The tail as it is served."""
        return self._tail.onnx(module, self._settings.iou_nms)


def teacher_digest(tail: Tail) -> str:
    """What tells one tail's answers from another's."""
    sha = hashlib.sha256()
    if tail.given.places != EVERYWHERE:
        sha.update(str(tail.given.places).encode())
    for name, conv in sorted(tail.given.convs.items()):
        sha.update(name.encode() + conv.weight.tobytes() + conv.bias.tobytes())
    return sha.hexdigest()
