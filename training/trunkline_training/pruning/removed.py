"""What a run removed, kept in its folder: a run that goes on removes the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trunkline.errors import TrunklineError
from trunkline.files import make_folder, read_bytes, write_bytes
from trunkline_training.pruning.settings import Pruning
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.train import checkpoint
from trunkline_training.train.trainer import settings

NAME, MASKS = "removed.json", "masks.pt"
FILES = (NAME, MASKS)
"""By what is chosen with scores, and by what is learnt."""
MadeOf = Mapping[str, Any]
"""Settings, and what tells pictures and networks from others."""


def made_of(config: Pruning, depends: str) -> dict[str, Any]:
    """What the choice depends on, as JSON keeps it; `depends` is a job's."""
    found: dict[str, Any] = json.loads(json.dumps({**settings(config), "pictures": depends}))
    return found


def keep(path: Path, gone: Mapping[str, Indices], origin: MadeOf) -> None:
    """Write which filters went, by the root of their group, and what that was `made_of`."""
    make_folder(path.parent)
    filters = {root: indices.tolist() for root, indices in gone.items()}
    write_bytes(path, json.dumps({"made_of": dict(origin), "filters": filters}).encode())


def kept(path: Path, found: Sequence[Group], origin: MadeOf) -> dict[str, Indices]:
    """What `keep` wrote. Raises TrunklineError for a file of another network or other settings."""
    widths = {group.root: group.width for group in found}
    try:
        document = json.loads(read_bytes(path))
        saved = dict(document["made_of"])
        data = {root: np.array(it, np.int64) for root, it in document["filters"].items()}
        if not all(len(it) == 0 or 0 <= it.min() <= it.max() < widths[r] for r, it in data.items()):
            raise ValueError("filters that there are not")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise TrunklineError(
            f"{path} is damaged or belongs to another network ({error}): give another --run"
        ) from error
    checkpoint.require_same(origin, saved, path)
    return data
