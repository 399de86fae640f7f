"""`trunkline prune trunk`: a smaller trunk under the name of a new weight set.

It is another function: its digest is new, the old tails are refused behind it and made again.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from trunkline import trunks
from trunkline.errors import ParameterError
from trunkline.names import TASK_NAME
from trunkline.text import shown
from trunkline.types import TrunkSpec
from trunkline.weights import probe, sets
from trunkline.weights.digest import trunk_digest
from trunkline.weights.manifest import NAME, TailEntry
from trunkline_training.figures import Metrics
from trunkline_training.nets.classifier import folded
from trunkline_training.nets.start import from_onnx
from trunkline_training.nets.trunk import Front, TrunkModule, front
from trunkline_training.networks import running
from trunkline_training.pruning import phases, place, speed
from trunkline_training.pruning.described import Convolutions, Described, Plain, module_name
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.settings import TrunkPruning
from trunkline_training.pruning.shrink import Convs, Seen, shrink
from trunkline_training.pruning.trunk_card import text
from trunkline_training.pruning.trunk_job import IMAGE, TrunkJob
from trunkline_training.train import models
from trunkline_training.train.config import SIBLING
from trunkline_training.train.job import SCORE
from trunkline_training.train.trainer import Trainer

OWN_TEACHER = "keras-160"
"""Which whole network teaches a classifier, where the trunk's own set has none."""


def prune(config: TrunkPruning, resume: bool) -> tuple[Metrics, str]:
    """Prune, re-train, publish; the figures, and which commands make the tails again."""
    config.ready()
    config = replace(config, set=trunks.kind(config.trunk).set_or_own(config.set))
    config = replace(config, name=config.name or f"{config.set}-pruned")
    _check_name(config, resume)
    with phases.begun(config, resume):
        return _Run(config, resume).publish()


def _check_name(config: TrunkPruning, resume: bool) -> None:
    """Raise ParameterError for a name that no set may have, or that another trunk has."""
    if not TASK_NAME.fullmatch(config.name):
        raise ParameterError(
            f"'{shown(config.name, 80)}' is no set's name: expected letters, digits, - and _, "
            "at most 64"
        )
    if config.name == config.set or (config.trunk, config.name) in sets.TABLE:
        raise ParameterError(
            f"{config.trunk}/{config.name} is another trunk's name: expected a new one; give --name"
        )
    taken = Path(config.output) / config.trunk / config.name / NAME
    if taken.is_file() and not resume:
        raise ParameterError(f"{taken.parent} holds a trunk: give another --name or --output")


class _Run:
    """One pruning: what is the same for its trainings."""

    def __init__(self, config: TrunkPruning, resume: bool) -> None:
        self.config, self.resume = config, resume
        self.last = phases.phase(config, phases.PRUNED, config.epochs)
        store = place.store_of(config)
        self.entry = store.trunk(config.trunk, config.set)
        self.tails = store.manifest(config.trunk, config.set).tails
        self.content = self.entry.verified_path().read_bytes()
        self.front = front(config.trunk, models.padding_of(self.content))
        self.convs = from_onnx(self.content)
        self.trunk = place.trunk_of(config)
        self.collected = phases.unlabelled(config)

    def publish(self) -> tuple[Metrics, str]:
        """All of it."""
        whole = self.job(self.convs)
        samples = phases.samples(self.last, self.collected, whole.prepare, IMAGE)
        seen, convs = Seen(samples, whole.depends), dict(self.convs)
        shrunk = shrink(self.config, convs, self.prunable, self.replaced, seen, self.resume)
        shrunk.tell()
        job = self.job(shrunk.convs)
        validated = Trainer(self.last, job).run(self.resume)
        content = job.onnx(job.module)
        metrics: Metrics = {
            f"validation_{k}": round(v, 4) for k, v in validated.items() if k != SCORE
        }
        timed = speed.compare(self.content, content, samples[:1].numpy(), self.config.threads)
        metrics |= shrunk.figures | timed
        _write(self, content, folded(cast(TrunkModule, job.module).layers), metrics)
        return metrics, again(self.config, self.tails)

    def replaced(self, convs: Convs) -> Convs:
        """The trunk trained behind a replacement."""
        config = phases.phase(self.config, phases.REPLACED, self.config.replace_epochs)
        job = TrunkJob(config, self.trunk, self.collected, TrunkModule(self.front, convs))
        Trainer(config, job).run(self.resume)
        return folded(cast(TrunkModule, job.module).layers)

    def job(self, convs: Convs) -> TrunkJob:
        """The last training of a trunk with these weights."""
        module = TrunkModule(self.front, convs)
        return TrunkJob(self.last, self.trunk, self.collected, module)

    def prunable(self, convs: Convs) -> Prunable:
        """The trunk as its structure is traced; its tensor keeps its channels."""
        architecture: Front = self.front

        def describe(graph: Plain, x: Tensor, layers: Convolutions) -> Sequence[Tensor]:
            return [architecture.describe(graph, x, layers)]

        fixed = frozenset(module_name(name) for name in architecture.last)
        example = torch.zeros(1, 3, *self.trunk.spec.preprocess.size)
        return Prunable(Described(describe, convs), example, fixed)


def digest_of(architecture: Front, convs: Convs, spec: TrunkSpec) -> str:
    """The trunk digest of these weights in a trunk like `spec`."""
    return trunk_digest(
        [convs[name] for name in architecture.layers],
        cut=spec.cut,
        shape=spec.shape,
        padding=architecture.padding,
        activation=architecture.activation,
        preprocess=spec.preprocess,
    )


def again(config: TrunkPruning, tails: Sequence[TailEntry]) -> str:
    """The commands that make the tails of the new trunk, one a line: they go on from the old ones.

    These have to be found: a model folder of their own is brought into the new trunk's.
    """
    old = f"{config.trunk}/{config.set}"
    lines = [f"The tails of {old} are refused behind the new trunk. They learn to read it:"]
    folders = [Path(root) / old for root in (config.models, config.output)]
    if config.models and folders[0] != folders[1]:
        lines.append("  " + shlex.join(["cp", "-r", *map(str, folders)]))
    place = ["--trunk", config.trunk, "--set", config.name, "--output", config.output]
    place += ["--start", SIBLING, "--donor", config.set]
    teacher = config.set if ("mobilenet_v2", config.set) in sets.TABLE else OWN_TEACHER
    for task in (tail.task for tail in tails):
        if task == models.CLASSIFIER:
            lines.append(_command("distil", *place, "--teacher", teacher))
        else:
            lines.append(_command("ssd" if task == "ssd" else "KIND", *place, "--task", task))
    return "\n".join([*lines, ""])


def _command(kind: str, *words: str) -> str:
    return f"  trunkline train {kind} {shlex.join(words)} --data PICTURES --run RUN"


def _write(run: _Run, content: bytes, convs: Convs, metrics: Metrics) -> None:
    config, old = run.config, run.trunk.spec
    spec = replace(old, set=config.name, digest=digest_of(run.front, convs, old))
    network = running(content, config.threads)
    response = probe.response(network.run(probe.batch(spec.preprocess))[0])
    card = text(config, spec, run.entry, run.collected, metrics)
    place.put_trunk(Path(config.output), spec, content, response, card)
