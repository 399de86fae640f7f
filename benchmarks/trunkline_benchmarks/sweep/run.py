"""From a configuration to rows: models, data set, features, shards, journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trunkline import trunks
from trunkline.trunks import Trunk
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import ModelStore
from trunkline_benchmarks import machine, shards
from trunkline_benchmarks.executor import Executor, Processes
from trunkline_benchmarks.features import FeatureCache
from trunkline_benchmarks.journal import Journal
from trunkline_benchmarks.shards import Shard
from trunkline_benchmarks.sweep import summary, tasks, ways, work
from trunkline_benchmarks.sweep.config import SweepConfig
from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.summary import Point
from trunkline_benchmarks.sweep.tasks import TAILLESS, Evaluation
from trunkline_training import datasets
from trunkline_training.datasets import DataSet
from trunkline_training.progress import progress

JOURNAL, RESULTS = "sweep.journal", "results.jsonl"
PICTURES_A_SHARD = 32
CODERS = ("trunkline", "numpy", "onnxruntime", "imagecodecs", "av", "pillow")
"""Packages whose other version may make other bytes or other answers."""


@dataclass(frozen=True)
class Swept:
    """A finished sweep; `points` are in the settings' order.

    `asked` is the task that was asked for, which need not have a tail; `model` is the tail's,
    empty without one; `features` the tensors' file, (N, C, H, W) float32.
    """

    config: SweepConfig
    asked: str
    trunk: Trunk
    model: str
    data: DataSet
    evaluation: Evaluation
    features: Path
    points: Sequence[Point]
    note: str = ""


def sweep(config: SweepConfig, executor: Executor | None = None) -> Swept:
    """Do what is not done yet and write RESULTS into the output folder; progress goes to stderr.

    Raises TrunklineError for settings, data or models that cannot be had, before any work; for a
    full disk or a shard that fails, with all finished ones kept in JOURNAL.
    """
    tail, note = _tail(config)
    asked = config.task
    config = config if tail else replace(config, task=TAILLESS)
    evaluation = tasks.evaluation(config.task, tail.labels() if tail else ())
    config = replace(config, settings=_possible(config.settings, evaluation))
    data = datasets.open_folder(
        config.data, evaluation.truth, evaluation.labels, split=config.split, limit=config.limit
    )
    trunk = trunks.load(config.trunk, config.weights, engine=work.ENGINE, threads=config.jobs)
    tensors = FeatureCache(config.cache).features(trunk, [it.path for it in data.pictures])
    features = Path(str(tensors.filename)).resolve()
    configuration = _configuration(trunk, tail, config, data) | {"features": features.stem}
    with Journal(config.output / JOURNAL, configuration) as journal:
        todo = _shards(config, features, data)
        shards.run(work.run, todo, executor or Processes(config.jobs), journal, "settings")
        ordered = _by_setting(todo, config.settings)
        note = "; ".join(filter(None, (note, _others(journal, todo))))
        header = configuration | {"settings": [it.document() for it in config.settings]}
        journal.write_results(
            config.output / RESULTS, [it for of in ordered.values() for it in of], header
        )
        points = summary.points(
            lambda setting: list(journal.rows(ordered[setting.key])),
            config.settings,
            evaluation,
            config.seed,
        )
        found = list(progress(points, len(config.settings), "intervals"))
    model = tail.model if tail else ""
    return Swept(config, asked, trunk, model, data, evaluation, features, found, note)


def _tail(config: SweepConfig) -> tuple[TailEntry | None, str]:
    """The task's tail, or None and, where one was asked for, words about that.

    Raises WeightsError where not even the trunk is there.
    """
    store = ModelStore.default()
    tails = store.manifest(config.trunk, config.weights).tails
    if config.task == TAILLESS:
        return None, ""
    for tail in tails:
        if tail.task == config.task:
            return tail, ""
    return None, (
        f"{config.trunk}/{config.weights} has no tail for {config.task}: "
        "only bytes and feature tensors are measured, no accuracy"
    )


def _possible(settings: Iterable[Setting], evaluation: Evaluation) -> tuple[Setting, ...]:
    """Those that the task allows. Raises ParameterError or MissingExtraError for what none does."""
    for setting in settings:
        ways.load(setting)
    return tuple(
        setting
        for setting in settings
        if evaluation.has_tail or not ways.kind(setting.way).needs_tail
    )


def _configuration(
    trunk: Trunk, tail: TailEntry | None, config: SweepConfig, data: DataSet
) -> dict[str, Any]:
    """What has to be the same where a journal is taken up again; settings may be added."""
    versions = machine.versions()
    truths = json.dumps([[it.name, it.truth] for it in data.pictures])
    return {
        "trunk": config.trunk,
        "weights": config.weights,
        "digest": trunk.spec.digest,
        "task": config.task,
        "tail": tail.sha256 if tail else "",
        "data": data.title,
        "truths": hashlib.sha256(truths.encode()).hexdigest(),
        "pictures_a_shard": PICTURES_A_SHARD,
        "packages": {name: versions[name] for name in CODERS},
    }


def _shards(config: SweepConfig, features: Path, data: DataSet) -> list[Shard]:
    """Range by range, as a range's settings share what is read for it."""
    shared = {
        "trunk": config.trunk,
        "weights": config.weights,
        "task": config.task,
        "features": str(features),
    }
    return [
        Shard(
            f"{setting.key} from {start}",
            shared
            | {"setting": setting.document(), "start": start}
            | {"pictures": [[it.name, str(it.path.resolve()), it.truth] for it in pictures]},
        )
        for start, pictures in shards.chunks(data.pictures, PICTURES_A_SHARD)
        for setting in config.settings
    ]


def _others(journal: Journal, todo: list[Shard]) -> str:
    """Words about what an earlier command left and this one did not ask for."""
    names = {key.rpartition(" from ")[0] for key in journal.done - {it.key for it in todo}}
    if not names:
        return ""
    return (
        f"{len(names)} more settings of earlier commands are kept and not shown: name them too, "
        "and they are shown without being done again"
    )


def _by_setting(todo: list[Shard], settings: tuple[Setting, ...]) -> dict[str, list[Shard]]:
    """Each setting's shards, as people read."""
    return {it.key: todo[place :: len(settings)] for place, it in enumerate(settings)}
