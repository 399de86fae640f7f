"""What every pruning shares: its run's folder, the trainings in it, the pictures that it sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from trunkline.errors import ParameterError
from trunkline.files import check_writable
from trunkline_training.datasets import spread
from trunkline_training.pruning import removed
from trunkline_training.pruning.settings import Pruning
from trunkline_training.train import collection
from trunkline_training.train.alone import alone
from trunkline_training.train.collection import Collection
from trunkline_training.train.samples import ClassSamples
from trunkline_training.train.trainer import require_fresh, steady
from trunkline_training.train.views import Prepare, views_of

REPLACED, PRUNED = "replaced", "pruned"
"""Folders of a run's trainings."""
Settings = TypeVar("Settings", bound=Pruning)


@contextmanager
def begun(config: Pruning, resume: bool) -> Iterator[None]:
    """Keep the run's folder while the block lasts, and make what is random the same each time.

    Raises ParameterError where a run would be written over, TrunklineError where another has it or
    nothing can be written to the output.
    """
    check_writable(Path(config.output))
    with alone(config.folder):
        for name in (REPLACED, PRUNED):
            require_fresh(phase(config, name, 0), resume)
        if not resume and any((config.folder / name).is_file() for name in removed.FILES):
            raise ParameterError(f"{config.run} holds a run: give --resume, or another --run")
        steady(config)
        yield


def phase(config: Settings, name: str, epochs: int) -> Settings:
    """The settings of one training; kept views are shared by all of them."""
    cache = config.cache or str(config.folder / "views")
    return replace(config, run=str(config.folder / name), cache=cache, epochs=epochs)


def unlabelled(config: Pruning) -> Collection:
    """What is learnt from and what is validated on; nobody asks what the pictures show."""
    share, limit = config.validation, config.limit
    return collection.collect(config.data, "", (), share=share, limit=limit, seed=config.seed)


def samples(config: Pruning, found: Collection, prepare: Prepare, name: str) -> Tensor:
    """The array `name` that `prepare` makes, (N, C, H, W), of some of the pictures learnt from."""
    chosen = ClassSamples(spread(found.training, config.samples), config.seed, 1.0, False)
    arrays = views_of(config, chosen, prepare, "").plain("sample pictures").arrays
    return torch.from_numpy(arrays[name])
