"""From a folder of pictures to a packaged task: the way through it, step by step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from trunkline.signals import tidied
from trunkline.weights import package
from trunkline.weights.conv import Conv
from trunkline.weights.package import Package
from trunkline.weights.publish import TailDraft
from trunkline_training.making.learning import card
from trunkline_training.making.learning.fronts import SplitFront
from trunkline_training.making.learning.parts import Parts
from trunkline_training.making.learning.phase import Phase
from trunkline_training.making.learning.settings import Making
from trunkline_training.making.learning.source import Source
from trunkline_training.nets.entry import OUTPUT
from trunkline_training.progress import say
from trunkline_training.train.alone import alone
from trunkline_training.train.trainer import Trainer, require_fresh, steady

Figures = dict[str, float]
PARTS = ("output", "layers")
"""Folders of the two trainings in the run's: of the new last layer, and of fine-tuning."""


@dataclass(frozen=True, eq=False)
class Made:
    """A trained tail before it is packaged. `validated` are the best epoch's figures."""

    content: bytes
    validated: Mapping[str, float]


def train(source: Source, parts: Parts, settings: Making, resume: bool) -> Made:
    """The new last layer, then, where that is the method, the layers from `--from` on."""
    first = settings.trained_from
    source.require(first)
    steady(settings.phase(Path()))
    with _folder(settings.run) as run, alone(run):
        for part in PARTS:
            require_fresh(settings.phase(run / part), resume)
        convs, figures = _phase(source, parts, settings, run, OUTPUT, {}, resume)
        if first != OUTPUT:
            given = {**source.convs, **convs}
            convs, figures = _phase(source, parts, settings, run, first, given, resume)
    return Made(source.tail(convs, len(parts.labels)), figures)


def write(
    folder: Path,
    name: str,
    source: Source,
    parts: Parts,
    settings: Making,
    made: Made,
    tested: Mapping[str, float],
) -> Package:
    """The task in a folder of its own; `tested` are its figures on pictures it has not seen."""
    metrics = {**{f"validation_{key}": value for key, value in made.validated.items()}, **tested}
    spec = source.trunk.spec
    draft = TailDraft(
        task=name,
        model=f"{name} ({spec.set})",
        content=made.content,
        labels=parts.labels,
        digest=spec.digest,
        probe=source.trunk_entry.probe,
        card=card.text(name, source, parts, settings, metrics),
        metrics=metrics,
    )
    return package.write(
        folder, package.CLASSIFIER, spec, draft, card.provenance(source, parts, settings)
    )


def _phase(
    source: Source,
    parts: Parts,
    settings: Making,
    run: Path,
    stage: int,
    given: Mapping[str, Conv],
    resume: bool,
) -> tuple[dict[str, Conv], Figures]:
    fine = stage != OUTPUT
    say(f"training the layers from {stage} on" if fine else "training a new last layer")
    config = settings.phase(
        run / PARTS[fine],
        epochs=settings.fine_epochs if fine else settings.epochs,
        lr=settings.fine_lr if fine else settings.lr,
        norm=settings.norm if fine else "none",
    )
    phase = Phase(
        config,
        SplitFront(config, source, stage),
        source.behind(stage, len(parts.labels)),
        given,
        (parts.pictures(parts.learnt), parts.pictures(parts.chosen_by)),
        class_weights(parts, settings.class_weights),
        smoothing=settings.label_smoothing,
    )
    found = Trainer(config, phase).run(resume)
    return phase.trained(), {key: found[key] for key in ("top1", "entropy", "epoch")}


def class_weights(parts: Parts, balanced: bool) -> Tensor:
    """(K,), a class's weight in the loss: N / (K n) of n pictures out of N, or one."""
    counts = torch.tensor(list(parts.counts.values()), dtype=torch.float32)
    return counts.sum() / (len(counts) * counts) if balanced else torch.ones_like(counts)


@contextmanager
def _folder(run: str) -> Iterator[Path]:
    """The run's folder; without one its features and logs go when it is done, or is ended."""
    with tidied():
        try:
            if run:
                yield Path(run)
                return
            with tempfile.TemporaryDirectory(prefix="trunkline-task-") as folder:
                yield Path(folder)
        except KeyboardInterrupt:
            say("stopped; --resume goes on" if run else "stopped; with --run DIR it could go on")
            raise
