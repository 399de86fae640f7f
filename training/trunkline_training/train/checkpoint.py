"""A run's state on disk: whole or not there, and read without executing anything."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trunkline.errors import ParameterError, TrunklineError
from trunkline.files import write_bytes

LAST, BEST = "last.pt", "best.pt"


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values; TrunklineError where the disk is full."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote. Raises TrunklineError."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrunklineError(
            f"{path} is no checkpoint ({type(error).__name__}): delete the run's folder and begin "
            "anew"
        ) from error
    return state


def random_state() -> dict[str, Any]:
    """Where all random numbers are."""
    _, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [torch.from_numpy(np.array(keys, np.int64)), *rest],
        "torch": torch.get_rng_state(),
    }


def restore_random(state: Mapping[str, Any]) -> None:
    """Undo `random_state`."""
    random.setstate(state["python"])
    keys, position, has_gauss, cached = state["numpy"]
    numbers = keys.numpy().astype(np.uint32)
    np.random.set_state(("MT19937", numbers, position, has_gauss, cached))
    torch.set_rng_state(state["torch"])


def seed_everything(seed: int) -> None:
    """Python's, numpy's and torch's random numbers begin here."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def require_same(settings: Mapping[str, Any], saved: Mapping[str, Any], path: Path) -> None:
    """Raise ParameterError unless a run goes on with the settings that it began with."""
    # through lists, as a checkpoint keeps no difference between them and tuples
    changed = [
        f"{name} was {saved.get(name)!r}, is {value!r}"
        for name, value in settings.items()
        if saved.get(name) != value
    ]
    if changed:
        raise ParameterError(
            f"{path} belongs to other settings: {'; '.join(changed)}; give the same ones, or "
            "another --run"
        )
