"""`trunkline prune tail`: a smaller tail of a task, published like a trained one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from trunkline import trunks
from trunkline.weights.manifest import TailEntry
from trunkline_training.figures import Metrics
from trunkline_training.nets.classifier import folded
from trunkline_training.pruning import place, speed
from trunkline_training.pruning.settings import WORDS, TailPruning
from trunkline_training.pruning.shrink import Convs, shrink
from trunkline_training.pruning.tail_job import TailJob
from trunkline_training.pruning.tails import Tail, tail_of
from trunkline_training.train import collection, finish, models
from trunkline_training.train.cards import Story
from trunkline_training.train.collection import Collection
from trunkline_training.train.samples import PLAIN, ClassSamples
from trunkline_training.train.trainer import Trainer, require_fresh, steady
from trunkline_training.train.views import load

REPLACED, PRUNED = "replaced", "pruned"
"""Folders of a run's trainings."""
BATCH = 16
LEGEND = (
    "; `_before`: the unpruned tail's; `_change`: from it, paired, in points; `_removed`: the "
    "share that is gone; `ms`: milliseconds on the serving engine, both tails by turns"
)


def prune(config: TailPruning, resume: bool) -> Metrics:
    """Prune, distil, measure and publish; the figures. Raises TrunklineError."""
    config.ready()
    config = replace(config, set=trunks.kind(config.trunk).set_or_own(config.set))
    return _Run(config, resume).publish()


class _Run:
    """One pruning: what is the same for its trainings."""

    def __init__(self, config: TailPruning, resume: bool) -> None:
        self.config, self.resume = config, resume
        require_fresh(phase(config, PRUNED, config.epochs), resume)
        steady(config)
        store = place.store_of(config)
        self.entry = store.tail(config.trunk, config.set, config.task)
        self.trunk = place.trunk_of(config)
        self.tail = tail_of(models.given_of(self.entry), self.trunk.spec.shape)
        self.collected = _collected(config)
        place.bring_trunk(Path(config.output), store.trunk(config.trunk, config.set))

    def publish(self) -> Metrics:
        """All of it."""
        config = phase(self.config, PRUNED, self.config.epochs)
        whole = self.job(config, dict(self.tail.given.convs))
        test = finish.test_pictures(self.config, whole)
        shrunk = shrink(
            self.config,
            dict(self.tail.given.convs),
            self.tail.prunable,
            self.replaced,
            samples(self.config, self.collected, whole),
            self.resume,
        )
        job = self.job(config, shrunk.convs)
        validated = Trainer(config, job).run(self.resume)
        origin = self.entry.verified_path().read_bytes()
        shape, threads = self.trunk.spec.shape, config.threads
        costs = shrunk.figures | speed.compare(origin, job.onnx(job.module), shape, threads)
        return finish.publish(
            self.config, "prune tail", job, test, validated, origin=origin, costs=costs
        )

    def replaced(self, convs: Convs) -> Convs:
        """The tail trained behind a replacement."""
        config = phase(self.config, REPLACED, self.config.replace_epochs)
        job = self.job(config, convs)
        Trainer(config, job).run(self.resume)
        return folded(cast(nn.ModuleDict, job.module.layers))

    def job(self, config: TailPruning, convs: Convs) -> TailJob:
        """The distillation of a tail with these weights."""
        story = _story(config, self.tail, self.entry, self.collected)
        return TailJob(
            config, self.tail, self.trunk, self.collected, self.tail.module(convs), story
        )


def phase(config: TailPruning, name: str, epochs: int) -> TailPruning:
    """The settings of one training; kept views are shared by all of them."""
    cache = config.cache or str(config.folder / "views")
    return replace(config, run=str(config.folder / name), cache=cache, epochs=epochs)


def samples(config: TailPruning, collected: Collection, job: TailJob) -> Tensor:
    """Features (N, C, H, W) of pictures to learn from, spread over their list."""
    everything = collected.training
    chosen = everything[:: max(1, len(everything) // config.samples)][: config.samples]
    found = ClassSamples(chosen, config.seed, 1.0, False)
    keys = [(PLAIN, index) for index in range(len(chosen))]
    parts = [keys[first : first + BATCH] for first in range(0, len(keys), BATCH)]
    features = [job.prepare(pixels)["features"] for pixels, _ in load(found, parts, 0)]
    return torch.from_numpy(np.concatenate(features))


def _collected(config: TailPruning) -> Collection:
    share, limit = config.validation, config.limit
    return collection.collect(config.data, "", (), share=share, limit=limit, seed=config.seed)


def _story(config: TailPruning, tail: Tail, entry: TailEntry, collected: Collection) -> Story:
    unit = "multiply-accumulates" if config.macs_removed else "parameters"
    return Story(
        title=tail.title,
        origin=models.words_of(entry),
        method=(
            f"{WORDS[config.replace].format(config.replace_share)}filters of the lowest "
            f"{config.criterion} removed until {config.share:.0%} of the {unit} were gone; then "
            "the answers of the unpruned tail to unlabelled pictures, behind the frozen trunk"
        ),
        pictures=collected.names,
        counts=collected.counts,
        labels=f"{len(tail.given.labels)} classes",
        legend=LEGEND,
    )
