"""One network made smaller: replaced, trained again, pruned. The same for tails and trunks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from torch import Tensor

from trunkline.errors import TrunklineError
from trunkline.files import make_folder, read_bytes, write_bytes
from trunkline.weights.conv import Conv
from trunkline_training.pruning import (
    choice,
    compensation,
    criteria,
    importance,
    replacement,
    structure,
)
from trunkline_training.pruning.cost import Cost, Costs
from trunkline_training.pruning.described import Described
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.settings import Pruning
from trunkline_training.pruning.structure import Indices
from trunkline_training.pruning.wanted import NONE
from trunkline_training.train.log import say

Convs = dict[str, Conv]
Trace = Callable[[Convs], Prunable]
Relearn = Callable[[Convs], Convs]
REMOVED = "removed.json"
BATCH = 16


@dataclass(frozen=True)
class Shrunk:
    """The smaller network's convolutions, and what it costs beside the whole one."""

    convs: Convs
    before: Cost
    after: Cost

    @property
    def figures(self) -> dict[str, float]:
        """`macs`, `macs_before`, `macs_removed` (a share), the same of parameters."""
        found: dict[str, float] = {}
        for name in ("macs", "parameters"):
            now, then = getattr(self.after, name), getattr(self.before, name)
            found |= {name: now, f"{name}_before": then, f"{name}_removed": 1 - now / then}
        return {name: round(float(value), 4) for name, value in found.items()}


def shrink(
    config: Pruning, convs: Convs, trace: Trace, relearn: Relearn, samples: Tensor, resume: bool
) -> Shrunk:
    """`convs` without the filters that `config` says; `samples` (N, C, H, W) is what it reads.

    `relearn` trains behind a replacement. What was removed is kept in the run's folder: a run that
    goes on removes the same.
    """
    criterion = criteria.get(config.criterion, config.seed)
    batches = list(samples.split(BATCH))
    if config.replace != NONE:
        prunable = trace(convs)
        found = structure.groups(prunable)
        scores = importance.importance(prunable, found, criterion, batches)
        share, variant = config.replace_share, config.replace
        replacement.replace(prunable, found, scores, share, variant)
        convs = relearn(cast(Described, prunable.module).convs())
    prunable = trace(convs)
    found = structure.groups(prunable)
    costs = Costs(prunable, found)
    path = config.folder / REMOVED
    if resume and path.is_file():
        gone = _kept(path, found)
    else:
        scores = importance.importance(prunable, found, criterion, batches)
        gone = choice.choose(found, scores, costs, config.wanted)
        _keep(path, gone)
    if config.compensate:
        compensation.compensate(prunable, found, gone, batches)
    structure.remove(prunable, gone)
    after = Costs(prunable, structure.groups(prunable)).total()
    shrunk = Shrunk(cast(Described, prunable.module).convs(), costs.total(), after)
    say(", ".join(f"{name} {value:g}" for name, value in shrunk.figures.items()))
    return shrunk


def _keep(path: Path, gone: dict[str, Indices]) -> None:
    make_folder(path.parent)
    text = json.dumps({root: indices.tolist() for root, indices in gone.items()})
    write_bytes(path, text.encode())


def _kept(path: Path, found: Sequence[structure.Group]) -> dict[str, Indices]:
    """Raises TrunklineError for a file of another network."""
    try:
        data = {root: np.array(it, np.int64) for root, it in json.loads(read_bytes(path)).items()}
        widths = {group.root: group.width for group in found}
        if not all(len(it) == 0 or 0 <= it.min() <= it.max() < widths[r] for r, it in data.items()):
            raise ValueError("filters that there are not")
    except (ValueError, KeyError, AttributeError) as error:
        raise TrunklineError(
            f"{path} belongs to another network ({error}): give another --run"
        ) from error
    return data
