"""What a run removed, kept in its folder: a run that goes on removes the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from trunkline.errors import TrunklineError
from trunkline.files import make_folder, read_bytes, write_bytes
from trunkline_training.pruning.structure import Group, Indices

NAME = "removed.json"


def keep(path: Path, gone: Mapping[str, Indices]) -> None:
    """Write which filters went, by the root of their group."""
    make_folder(path.parent)
    text = json.dumps({root: indices.tolist() for root, indices in gone.items()})
    write_bytes(path, text.encode())


def kept(path: Path, found: Sequence[Group]) -> dict[str, Indices]:
    """What `keep` wrote. Raises TrunklineError for a file of another network."""
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
