"""One training from its settings to its tail."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from trunkline import trunks
from trunkline.names import check_tail_name
from trunkline_training.figures import Metrics
from trunkline_training.train import finish
from trunkline_training.train.alone import alone
from trunkline_training.train.config import (
    ClassifierTraining,
    DistilTraining,
    SsdTraining,
    Training,
)
from trunkline_training.train.pictures import ClassifierJob, DistilJob
from trunkline_training.train.ssd import SsdJob
from trunkline_training.train.task import TaskJob
from trunkline_training.train.trainer import Trainer, require_fresh, steady


def job_of(kind: str, config: Training) -> TaskJob:
    """The job of a kind of training."""
    if kind == "ssd":
        return SsdJob(cast(SsdTraining, config))
    if kind in ("distil", "stitch"):
        return DistilJob(cast(DistilTraining, config))
    return ClassifierJob(cast(ClassifierTraining, config))


def train(kind: str, config: Training, resume: bool) -> Metrics:
    """Train, measure and publish; the figures. Raises TrunklineError."""
    config.ready()
    check_tail_name(config.task)
    config = replace(config, set=trunks.kind(config.trunk).set_or_own(config.set))
    require_fresh(config, resume)
    steady(config)
    with alone(config.folder):
        job = job_of(kind, config)
        test = finish.test_pictures(config, job)
        validated = Trainer(config, job).run(resume)
        return finish.publish(config, f"train {kind}", job, test, validated)
