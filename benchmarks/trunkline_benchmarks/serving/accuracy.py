"""What a whole system makes of labelled pictures, through its own door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from trunkline.errors import TrunklineError
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.serving import answers, pictures, systems
from trunkline_benchmarks.serving.answers import Reader
from trunkline_benchmarks.serving.drive import drive
from trunkline_benchmarks.serving.systems import Running, Setting
from trunkline_training.datasets import BOXES, CLASSES, Picture

LEAST_SCORE = 0.01
"""Of detections: a precision curve needs the doubtful ones too."""
CLIENTS = 2

Grade = Callable[[Reader, Sequence[bytes], Sequence[Picture]], dict[str, Any]]


def of(
    name: str, setting: Setting, classes: str | None, boxes: str | None, limit: int
) -> dict[str, Any]:
    """Top-1 on the folder `classes`, mAP on `boxes`; either may be None."""
    store = ModelStore.default()
    labels = {task: store.tail(setting.trunk, setting.set, task).labels() for task in systems.TASKS}
    reader = Reader(labels)
    found: dict[str, Any] = {}
    with systems.started(name, replace(setting, least_score=LEAST_SCORE)) as running:
        if classes:
            chosen = pictures.labelled(classes, CLASSES, labels["classifier"], limit)
            found["classifier"] = _graded(running, reader, chosen, answers.top1)
        if boxes:
            chosen = pictures.labelled(boxes, BOXES, labels["ssd"], limit)
            found["ssd"] = _graded(running, reader, chosen, answers.mean_ap)
    return found


def _graded(
    running: Running, reader: Reader, chosen: Sequence[Picture], grade: Grade
) -> dict[str, Any]:
    posted = [picture.path.read_bytes() for picture in chosen]
    run = drive(running.door, posted, CLIENTS, len(posted))
    if len(run.answered) < len(posted):
        raise TrunklineError(f"not every labelled picture was answered: {dict(run.statuses)}")
    bodies = [call.body for call in sorted(run.calls, key=lambda call: call.picture)]
    return grade(reader, bodies, chosen)
