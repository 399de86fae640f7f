"""The tasks by name. A new task is one file here and one line at the end of TASKS."""

from __future__ import annotations

from importlib import import_module

from trunkline.errors import UnknownNameError
from trunkline_tasks.tasks.base import Options, Task

# the order fixes the default ports: append, never insert
TASKS = {
    "classifier": "trunkline_tasks.tasks.classifier:Classifier",
    "ssd": "trunkline_tasks.tasks.ssd:Ssd",
}
FIRST_PORT = 50051
OTHERS_PORT = FIRST_PORT + len(TASKS)
"""Of tasks that are none of the table's."""

__all__ = ["OTHERS_PORT", "TASKS", "Options", "Task", "default_port", "load"]


def load(name: str) -> type[Task]:
    """The class of the task called `name`. Raises UnknownNameError listing the known ones."""
    module, _, kind = TASKS[_known(name)].partition(":")
    task: type[Task] = getattr(import_module(module), kind)
    return task


def default_port(name: str) -> int:
    """50051 for the first task of the table, one more for each after it."""
    return FIRST_PORT + list(TASKS).index(_known(name))


def _known(name: str) -> str:
    if name not in TASKS:
        raise UnknownNameError("task", name, list(TASKS))
    return name
