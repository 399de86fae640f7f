"""`trunkline prune tail`: a smaller tail of a task, published like a trained one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from torch import nn

from trunkline import trunks
from trunkline.errors import ParameterError
from trunkline.names import check_tail_name
from trunkline.weights.manifest import TailEntry
from trunkline_training.figures import Metrics
from trunkline_training.nets.classifier import folded
from trunkline_training.nets.places import Places
from trunkline_training.progress import say
from trunkline_training.pruning import phases, place, speed
from trunkline_training.pruning.settings import TailPruning
from trunkline_training.pruning.shrink import Convs, Seen, Shrunk, shrink
from trunkline_training.pruning.tail_job import FEATURES, TailJob
from trunkline_training.pruning.tails import tail_of
from trunkline_training.pruning.tails.abc import Tail
from trunkline_training.train import finish, models
from trunkline_training.train.cards import Story
from trunkline_training.train.collection import Collection
from trunkline_training.train.trainer import Trainer

LEGEND = (
    "; `hints`: how far inner maps are from the unpruned tail's, a share of their variance times "
    "the weight; `_before`: the unpruned tail's; `_change`: from it, paired, in points; "
    "`_removed`: the share that is gone; `ms`: milliseconds on the serving engine, both tails by "
    "turns"
)


def prune(config: TailPruning, resume: bool) -> Metrics:
    """Prune, distil, measure and publish; the figures. Raises TrunklineError."""
    config.ready()
    check_tail_name(config.task)
    config = replace(config, set=trunks.kind(config.trunk).set_or_own(config.set))
    with phases.begun(config, resume):
        return _Run(config, resume).publish()


class _Run:
    """One pruning: what is the same for its trainings."""

    def __init__(self, config: TailPruning, resume: bool) -> None:
        self.config, self.resume = config, resume
        store = place.store_of(config)
        self.entry = store.tail(config.trunk, config.set, config.task)
        self.trunk = place.trunk_of(config)
        self.tail = tail_of(models.given_of(self.entry), self.trunk.spec.shape)
        self.small = self.tail.on(config.places)
        _require_less(self.tail, self.small)
        self.collected = phases.unlabelled(config)
        place.bring_trunk(Path(config.output), store.trunk(config.trunk, config.set))

    def publish(self) -> Metrics:
        """All of it."""
        config = phases.phase(self.config, phases.PRUNED, self.config.epochs)
        convs = dict(self.tail.given.convs)
        whole = self.job(config, convs)
        test = finish.test_pictures(self.config, whole)
        samples = phases.samples(config, self.collected, whole.prepare, FEATURES)
        seen = Seen(samples, whole.depends)
        shrunk = self.shrunk(convs, seen)
        shrunk.tell()
        job = self.job(config, shrunk.convs)
        validated = Trainer(config, job).run(self.resume)
        origin = self.entry.verified_path().read_bytes()
        served = job.onnx(job.module)
        costs = shrunk.figures | speed.compare(origin, served, samples[:1].numpy(), config.threads)
        return finish.publish(
            self.config, "prune tail", job, test, validated, origin=origin, costs=costs
        )

    def shrunk(self, convs: Convs, seen: Seen) -> Shrunk:
        """Without the filters that go, where fewer places alone are not enough."""
        whole, small = self.tail.cost(convs), self.small.cost(convs)
        share, fixed = self.config.macs_removed, self.small.resampling(convs)
        stay = ((1 - share) * whole.macs - fixed) / (small.macs - fixed)
        left = max(0.0, round(1 - stay, 9)) if share else 0.0  # of one grid, the share itself
        if share and not left:
            say("fewer places alone remove as much: all filters stay")
        config = replace(self.config, macs_removed=left)
        if config.share:
            trace = self.small.prunable
            convs = shrink(config, convs, trace, self.replaced, seen, self.resume).convs
        return Shrunk(convs, whole, self.small.cost(convs))

    def replaced(self, convs: Convs) -> Convs:
        """The tail trained behind a replacement."""
        config = phases.phase(self.config, phases.REPLACED, self.config.replace_epochs)
        job = self.job(config, convs)
        Trainer(config, job).run(self.resume)
        return folded(cast(nn.ModuleDict, job.module.layers))

    def job(self, config: TailPruning, convs: Convs) -> TailJob:
        """The distillation of a tail with these weights."""
        story = _story(config, self.tail, self.small.given.places, self.entry, self.collected)
        return TailJob(
            config,
            self.tail,
            self.small,
            self.trunk,
            self.collected,
            self.small.module(convs),
            story,
        )


def _story(
    config: TailPruning, tail: Tail, places: Places, entry: TailEntry, collected: Collection
) -> Story:
    return Story(
        title=tail.title,
        origin=models.words_of(entry),
        method=config.words,
        pictures=collected.names,
        counts=collected.counts,
        labels=f"{len(tail.given.labels)} classes",
        legend=LEGEND,
        places=places,
    )


def _require_less(whole: Tail, small: Tail) -> None:
    """Raise ParameterError for other places that spare nothing: resampling costs too."""
    if small.given.places == whole.given.places:
        return
    before, now = (tail.cost(whole.given.convs).macs for tail in (whole, small))
    if now >= before:
        raise ParameterError(
            f"on these places the tail takes {now / before:.3f} of the multiply-accumulates that "
            "it has: expected fewer; ask for fewer with --grid, --last-grid or --middle"
        )
