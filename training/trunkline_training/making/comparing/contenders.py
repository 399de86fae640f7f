"""What a comparison sets side by side: split tasks by trunk and method, and whole networks."""

from __future__ import annotations

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trunkline.errors import ParameterError
from trunkline_training.making.comparing import backbones
from trunkline_training.making.learning import make, source
from trunkline_training.making.learning.parts import Parts
from trunkline_training.making.learning.phase import Phase
from trunkline_training.making.learning.settings import FINETUNE, TRANSFER, Making
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.trying import evaluation
from trunkline_training.making.trying.evaluation import Evaluation
from trunkline_training.making.trying.line import Line
from trunkline_training.nets.classifier import Plan
from trunkline_training.nets.entry import OUTPUT
from trunkline_training.networks import running
from trunkline_training.progress import progress
from trunkline_training.train.samples import PLAIN, ClassSamples
from trunkline_training.train.trainer import Trainer, steady
from trunkline_training.train.views import CHUNK, load


@dataclass(frozen=True, eq=False)
class Result:
    """What a contender reached on the pictures that were held back."""

    name: str
    evaluation: Evaluation
    seconds: float


class Contender(ABC):
    """Something that is trained and tried; `name` is how it was spelled."""

    name: str

    @abstractmethod
    def prepare(self, parts: Parts, settings: Making) -> Callable[[], Evaluation]:
        """Train it. What comes back tries it. Raises TrunklineError."""

    def run(self, parts: Parts, settings: Making) -> Result:
        """Train and try it; the seconds are the training's."""
        start = time.perf_counter()
        tried = self.prepare(parts, settings)
        seconds = time.perf_counter() - start
        return Result(self.name, tried(), seconds)


class Split(Contender):
    """`TRUNK/SET:METHOD`: a task as `task train` makes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        place, _, self._method = name.partition(":")
        self._trunk, _, self._set = place.partition("/")
        if self._method not in (TRANSFER, FINETUNE):
            raise ParameterError(
                f"{name!r}: expected TRUNK/SET:{TRANSFER}, TRUNK/SET:{FINETUNE}, "
                f"{' or '.join(f'{library}:NETWORK' for library in backbones.LIBRARIES)}"
            )

    def prepare(self, parts: Parts, settings: Making) -> Callable[[], Evaluation]:
        """As `task train`, with the trunk and the method of the name."""
        own = replace(settings, trunk=self._trunk, set=self._set, method=self._method, run="")
        origin = source.load(own)
        made = make.train(origin, parts, own, False)
        tail = running(made.content, settings.threads)
        return lambda: evaluation.evaluate(Line(origin.trunk, tail, parts.labels), parts.held, ())


class Whole(Contender):
    """`LIBRARY:NETWORK`, or `LIBRARY:NETWORK=FILE` with its weights: a new last layer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._library, _, rest = name.partition(":")
        self._network, _, self._weights = rest.partition("=")

    def prepare(self, parts: Parts, settings: Making) -> Callable[[], Evaluation]:
        """Pooled features of each view are computed once, as for a split task."""
        front = backbones.load(self._library, self._network, self._weights)
        plan = Plan((front.channels, 1, 1), OUTPUT, False, "symmetric", len(parts.labels))
        with tempfile.TemporaryDirectory() as folder:
            config = settings.phase(Path(folder), epochs=settings.epochs, lr=settings.lr)
            config = replace(config, coded=0.0)  # it gets the picture itself
            steady(config)
            pictures = (parts.pictures(parts.learnt), parts.pictures(parts.chosen_by))
            weights = make.class_weights(parts, settings.class_weights)
            phase = Phase(
                config, front, plan, {}, pictures, weights, smoothing=settings.label_smoothing
            )
            Trainer(config, phase).run(False)
        module = phase.module.eval()
        return lambda: _tried(front, module, parts.held, parts)


def contender(name: str) -> Contender:
    """What is spelled so. Raises ParameterError."""
    library = name.partition(":")[0]
    return Whole(name) if library in backbones.LIBRARIES else Split(name)


def _tried(
    front: backbones.Backbone, module: nn.Module, items: Sequence[Item], parts: Parts
) -> Evaluation:
    samples = ClassSamples(parts.pictures(items), 0, 1.0, False, front.side)
    keys = [(PLAIN, index) for index in range(len(items))]
    chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
    found: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for pixels, _ in progress(load(samples, chunks, 0), len(chunks), "pictures"):
            found.append(module(torch.from_numpy(front(pixels)))[1].numpy())
    return evaluation.of_logits(parts.labels, items, np.concatenate(found).astype(np.float64))
