"""One sample: a method at a share of removed parameters with a seed; each is kept as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from trunkline import files
from trunkline.errors import TrunklineError
from trunkline_benchmarks.journal import fingerprint
from trunkline_benchmarks.pruning.methods import settings_of
from trunkline_training.progress import say
from trunkline_training.pruning import reduce
from trunkline_training.pruning.cost import figures
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.module_job import depends, right
from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.train import checkpoint
from trunkline_training.train.trainer import steady

BASE = "base"
HIDDEN = ("run", "output", "data", "test", "threads", "checkpoint_steps", "weights")
"""Settings that say where, not how."""


class Wanted(NamedTuple):
    """What tells a sample from the others; `removed` is a share of the parameters."""

    method: str
    removed: float
    seed: int

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.method}-{100 * self.removed:g}-{self.seed}"


@dataclass(frozen=True, eq=False)
class Bench:
    """What all samples share: settings, the folder of the work, pictures, classes' module."""

    config: ModulePruning
    work: Path
    parts: reduce.Parts
    test: Labelled

    def base(self, module: nn.Module, epochs: int, lr: float) -> None:
        """Train the module from scratch, once: goes on where its checkpoint is."""
        config = replace(self.config, run=str(self.work), lr=lr)
        reduce.trained(config, BASE, epochs, module, self.parts, resume=True)

    def read_base(self, module: nn.Module) -> None:
        """The weights of the base that was trained."""
        module.load_state_dict(checkpoint.load(self.work / BASE / checkpoint.BEST)["module"])

    def path(self, wanted: Wanted) -> Path:
        """Where a sample is kept."""
        return self.work / f"{wanted.name}.json"

    def sample(self, whole: nn.Module, wanted: Wanted) -> dict[str, Any]:
        """A sample, from its file where it is done. Raises TrunklineError for another run's."""
        config = replace(
            self.config,
            **settings_of(wanted.method, self.config.epochs, self.config.replace_epochs),
            parameters_removed=wanted.removed,
            seed=wanted.seed,
            run=str(self.work / wanted.name),
        )
        path, mark = self.path(wanted), self._mark(config, whole)
        if path.is_file():
            return _read(path, mark)
        say(f"=== {wanted.name}")
        found = {
            "method": wanted.method,
            "wanted": wanted.removed,
            "seed": wanted.seed,
            "mark": mark,
        }
        found |= self._measured(config, whole)
        files.write_bytes(path, (json.dumps(found, indent=1) + "\n").encode())
        return found

    def _measured(self, config: ModulePruning, whole: nn.Module) -> dict[str, Any]:
        start = time.perf_counter()
        steady(config)
        reduced = reduce.reduce(config, whole, self.parts, resume=True)
        was, now = right(whole, self.test), right(reduced.module, self.test)
        return {
            "seconds": round(time.perf_counter() - start, 1),
            **figures(reduced.before, reduced.after),
            "validation_top1": round(reduced.validated["top1"], 3),
            "top1": 100 * float(now.mean()),
            "change": 100 * float(now.mean() - was.mean()),
            "base": _spelled(was),
            "right": _spelled(now),
        }

    def _mark(self, config: ModulePruning, whole: nn.Module) -> str:
        """What tells the samples of a run's settings, pictures and base from another's."""
        values = {name: it for name, it in asdict(config).items() if name not in HIDDEN}
        made_of = {"base": depends(whole, *self.parts), "test": self.test.digest}
        return fingerprint({"settings": values, **made_of})


def _spelled(found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    """A 1 for each picture whose class is found, otherwise a 0."""
    return "".join("1" if item else "0" for item in found)


def _read(path: Path, mark: str) -> dict[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(files.read_bytes(path))
        ours = found["mark"] == mark
    except (ValueError, KeyError, TypeError) as error:
        raise TrunklineError(f"{path} is damaged: delete it, and it is made again") from error
    if not ours:
        raise TrunklineError(
            f"{path} is of other settings or another base: expected this run's; name another --work"
        )
    return dict(found)
