"""What a filter is worth, by name. A new criterion is one file here and one line in CRITERIA."""

from __future__ import annotations

from importlib import import_module

from trunkline.errors import UnknownNameError
from trunkline_training.pruning.criteria.abc import Criterion, Floats

CRITERIA = {
    "l1": "trunkline_training.pruning.criteria.l1:L1",
    "random": "trunkline_training.pruning.criteria.random:Random",
    "hrank": "trunkline_training.pruning.criteria.hrank:HRank",
    "energy": "trunkline_training.pruning.criteria.energy:Energy",
}

__all__ = ["CRITERIA", "Criterion", "Floats", "get"]


def get(name: str, seed: int) -> Criterion:
    """The criterion called `name`; UnknownNameError (with the known ones) for any other."""
    if name not in CRITERIA:
        raise UnknownNameError("criterion", name, list(CRITERIA))
    module, attribute = CRITERIA[name].split(":")
    found: Criterion = getattr(import_module(module), attribute)(seed)
    return found
