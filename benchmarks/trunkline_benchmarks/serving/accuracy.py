"""What a whole system makes of labelled pictures, through its own door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.errors import TrunklineError
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.serving import answers, pictures, systems
from trunkline_benchmarks.serving.answers import Reader
from trunkline_benchmarks.serving.builder import Running, Setting
from trunkline_benchmarks.serving.drive import Load, drive
from trunkline_training.datasets import BOXES, CLASSES

LEAST_SCORE = 0.01
"""Of detections: a precision curve needs the doubtful ones too."""
CLIENTS = 2


def labels_of(setting: Setting) -> dict[str, tuple[str, ...]]:
    """Each task's labels, by index."""
    store = ModelStore.default()
    return {task: store.tail(setting.trunk, setting.set, task).labels() for task in systems.TASKS}


def of(
    name: str, setting: Setting, classes: str | None, boxes: str | None, limit: int
) -> dict[str, Any]:
    """Top-1 on the folder `classes`, mAP on `boxes`; either may be None.

    Nothing of a system that has learnt nothing.
    """
    if name.partition(":")[0] in systems.UNTAUGHT:
        return {}
    labels = labels_of(setting)
    reader = Reader(labels)
    found: dict[str, Any] = {}
    with systems.started(name, setting.scoring(LEAST_SCORE)) as running:
        if classes:
            chosen = pictures.labelled(classes, CLASSES, labels["classifier"], limit)
            bodies = answered(running, [it.path.read_bytes() for it in chosen])
            found["classifier"] = answers.top1(answers.rights(reader, bodies, chosen))
        if boxes:
            chosen = pictures.labelled(boxes, BOXES, labels["ssd"], limit)
            bodies = answered(running, [it.path.read_bytes() for it in chosen])
            found["ssd"] = answers.mean_ap(answers.rows(reader, bodies, chosen))
    return found


def answered(running: Running, posted: Sequence[bytes], clients: int = CLIENTS) -> list[bytes]:
    """Every picture's answer, in their order. Raises TrunklineError where one has none."""
    run = drive(running.door, posted, Load(clients, len(posted)))
    if len(run.answered) < len(posted):
        raise TrunklineError(f"not every labelled picture was answered: {dict(run.statuses)}")
    return [call.body for call in sorted(run.calls, key=lambda call: call.picture)]
