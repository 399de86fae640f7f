"""One shard of a sweep: some pictures sent by one setting. Runs in any process that has the files.

A shard's work is JSON: `trunk`, `weights`, `task`, `setting`, `features` (the cache's file),
`start` (the first picture's place in it) and `pictures` (`[name, path, truth]` each).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from trunkline import engines, trunks, wire
from trunkline.engines.abc import Network
from trunkline.trunks import Trunk
from trunkline.types import InferResult, Tensor
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.shards import Row, Shard
from trunkline_benchmarks.sweep import settings, ways
from trunkline_benchmarks.sweep.tasks import TAILLESS, Evaluation, evaluation
from trunkline_benchmarks.sweep.tasks.abc import Outputs

ENGINE = engines.DEFAULT_ENGINE
SIGNIFICANT = 6
"""Digits that are kept of a relative error."""
TIMINGS = ("encode_ms", "decode_ms", "tail_ms")
"""The fields of a row that differ from run to run."""


@dataclass(frozen=True)
class Models:
    """What a process needs of the model store, on one thread each."""

    trunk: Trunk
    tail: Network | None
    evaluation: Evaluation

    def outputs(self, tensor: Tensor) -> Outputs:
        """The tail's outputs for one (C, H, W) tensor; none without a tail."""
        return self.tail.run(tensor[None]) if self.tail else []


@dataclass(frozen=True)
class Sample:
    """One picture with what the uncompressed network makes of it."""

    name: str
    truth: Any
    source: ways.Source
    reference: Outputs


def run(shard: Shard) -> list[Row]:
    """One row a picture; timing fields are TIMINGS."""
    work = shard.work
    setting = settings.read(work["setting"])
    way = ways.load(setting)
    models = _models(work["trunk"], work["weights"], work["task"])
    return [_row(models, setting, way, sample) for sample in _samples(_text(work))]


def _row(models: Models, setting: settings.Setting, way: ways.Way, sample: Sample) -> Row:
    arrival = way.send(sample.source)
    started = time.perf_counter()
    outputs = models.outputs(arrival.tensor)
    tail_ms = (time.perf_counter() - started) * 1e3
    return {
        "setting": setting.key,
        "picture": sample.name,
        "payload_bytes": arrival.payload_bytes,
        "wire_bytes": arrival.wire_bytes,
        "relative_error": _relative_error(arrival.tensor, sample.source.tensor),
        **models.evaluation.judge(outputs, sample.reference, sample.truth),
        "encode_ms": round(arrival.encode_ms, 3),
        "decode_ms": round(arrival.decode_ms, 3),
        "tail_ms": round(tail_ms, 3),
    }


def _relative_error(arrived: Tensor, sent: Tensor) -> float:
    """The error's norm over the tensor's, 0..; of an all-zero tensor the error's norm itself."""
    signal = float(np.linalg.norm(sent.astype(np.float64)))
    noise = float(np.linalg.norm(arrived.astype(np.float64) - sent))
    return float(f"{noise / (signal or 1.0):.{SIGNIFICANT}g}")


@lru_cache(maxsize=1)
def _models(trunk: str, weights: str, task: str) -> Models:
    loaded = trunks.load(trunk, weights, engine=ENGINE, threads=1)
    if task == TAILLESS:
        return Models(loaded, None, evaluation(task, ()))
    tail = ModelStore.default().tail(trunk, weights, task)
    network = engines.load(ENGINE, tail.verified_path(), threads=1)
    return Models(loaded, network, evaluation(task, tail.labels()))


def _text(work: Mapping[str, Any]) -> str:
    """What the samples depend on: all but the setting."""
    return json.dumps({name: value for name, value in work.items() if name != "setting"})


# the shards of one range follow each other, so that their samples are made once a process
@lru_cache(maxsize=1)
def _samples(text: str) -> list[Sample]:
    work = json.loads(text)
    models = _models(work["trunk"], work["weights"], work["task"])
    features = np.load(work["features"], mmap_mode="r")
    samples = []
    for index, (name, path, truth) in enumerate(work["pictures"], start=work["start"]):
        tensor = np.array(features[index])
        reference = models.outputs(tensor)
        answer_bytes = _answer_bytes(models.evaluation, reference)
        source = ways.Source(Path(path), tensor, models.trunk, answer_bytes)
        samples.append(Sample(name, truth, source, reference))
    return samples


def _answer_bytes(evaluation: Evaluation, outputs: Outputs) -> int:
    if not evaluation.has_tail:
        return 0
    return int(wire.response_to_message(InferResult(evaluation.answer(outputs))).ByteSize())
