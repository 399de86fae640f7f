"""What a sweep is to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import ParameterError
from trunkline_benchmarks.sweep.settings import Setting


@dataclass(frozen=True)
class SweepConfig:
    """`task` is a name of `tasks.TASKS`; `settings` hold the reference and the baseline.

    `jobs` processes; `seed` is the bootstrap's; `command` is how it was asked for.
    """

    trunk: str
    weights: str
    task: str
    settings: tuple[Setting, ...]
    data: Path
    output: Path
    split: str = ""
    limit: int = 0
    jobs: int = 1
    cache: Path | None = None
    seed: int = 1
    command: str = ""

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ParameterError(f"limit is {self.limit}: expected 0 (all) or more")
        if self.jobs < 1:
            raise ParameterError(f"jobs is {self.jobs}: expected 1 or more")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))
