"""How each task is evaluated. A new task is one file here and one line in TASKS."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from trunkline.errors import UnknownNameError
from trunkline_benchmarks.sweep.tasks.abc import Change, Changes, Evaluation, Metric

TASKS = {
    "classifier": "trunkline_benchmarks.sweep.tasks.classifier:Classifier",
    "ssd": "trunkline_benchmarks.sweep.tasks.ssd:Ssd",
    "tensor": "trunkline_benchmarks.sweep.tasks.tensor:Tensor",
}
TAILLESS = "tensor"
"""What is measured where there is no tail."""

__all__ = ["TAILLESS", "TASKS", "Change", "Changes", "Evaluation", "Metric", "evaluation"]


def evaluation(task: str, labels: Sequence[str]) -> Evaluation:
    """How `task` is evaluated with the tail's `labels`. Raises UnknownNameError."""
    if task not in TASKS:
        raise UnknownNameError("task", task, list(TASKS))
    module, _, name = TASKS[task].partition(":")
    found: Evaluation = getattr(import_module(module), name)(labels)
    return found
