"""From a trained module to a tail in the model folder, with its card and its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from trunkline import codecs
from trunkline.weights.publish import TailDraft, add_tail, write_file
from trunkline.weights.store import ModelStore
from trunkline_training import figures
from trunkline_training.datasets import Picture
from trunkline_training.figures import Metrics
from trunkline_training.networks import running
from trunkline_training.progress import say
from trunkline_training.train import collection
from trunkline_training.train.cards import card
from trunkline_training.train.config import Training
from trunkline_training.train.job import SCORE
from trunkline_training.train.task import TaskJob


def test_pictures(config: Training, job: TaskJob) -> list[Picture]:
    """The pictures of the final figures. Raises where one is learnt from, or without BPG."""
    if not config.test:
        return []
    codecs.get("bpg", qp=figures.QP)  # better now than behind hours of training
    pictures = collection.pictures(config.test, job.test_truth, job.labels)
    collection.refuse_overlap(job.collected, pictures)
    return pictures


def publish(
    config: Training,
    kind: str,
    job: TaskJob,
    test: list[Picture],
    validated: Mapping[str, float],
    *,
    origin: bytes | None = None,
    costs: Mapping[str, float] | None = None,
) -> Metrics:
    """Write ONNX, labels, card, metrics; the figures.

    `origin` is the tail that this one comes from, where the test shall compare both; `costs` are
    figures of another kind.
    """
    content = job.onnx(job.module)
    metrics: Metrics = {
        f"validation_{name}": round(value, 4) for name, value in validated.items() if name != SCORE
    }
    if test:
        judge = figures.judge(job.detects, job.labels)
        tail = running(content, config.threads)
        before = None if origin is None else running(origin, config.threads)
        metrics |= figures.measure(job.trunk, tail, test, judge, job.detects, before)
    metrics |= costs or {}
    spec, output = job.trunk.spec, Path(config.output)
    entry = ModelStore((output,)).trunk(config.trunk, config.set)
    draft = TailDraft(
        task=config.task,
        model=f"{job.story.title} ({config.set})",
        content=content,
        labels=job.labels,
        digest=spec.digest,
        probe=entry.probe,
        card=card(config, kind, job.story, spec, entry.probe, metrics),
        metrics=metrics,
    )
    tail_entry = add_tail(output, config.trunk, config.set, draft, say)
    text = json.dumps({"task": config.task, "trunk": spec.digest, **metrics}, indent=1)
    write_file(tail_entry.folder, f"{config.task}.metrics.json", f"{text}\n".encode())
    say(f"wrote {tail_entry.path}")
    return metrics
