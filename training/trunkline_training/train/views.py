"""Batches of samples, new ones for every epoch or a number of views that are kept on disk.

Each batch follows from the seed and its number alone: a training that goes on in the middle sees
what it would have seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from trunkline.errors import TrunklineError
from trunkline.weights.files import replacing
from trunkline_training.progress import progress
from trunkline_training.train.config import Training
from trunkline_training.train.samples import PLAIN, Samples

Arrays = dict[str, NDArray[np.float32]]
Prepare = Callable[[NDArray[np.float32]], Arrays]
"""Pixels (N, 3, 224, 224), 0..255, to what is learnt from: one array (N, ...) each."""
Mix = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]
"""Changes the pixels of a step's whole batch."""

CHUNK = 32
TARGETS = "targets.pt"


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's arrays and targets; `step` is -1 where it is none of a training's."""

    arrays: Arrays
    targets: list[Any]
    step: int = -1


class _Keys(Dataset[Any]):
    """Samples by (view, index), for PyTorch's loader."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __getitem__(self, key: tuple[int, int]) -> Any:  # noqa: ANN401
        return self._samples.sample(*key)


def _collate(items: list[tuple[NDArray[np.uint8], Any]]) -> tuple[NDArray[np.uint8], list[Any]]:
    return np.stack([pixels for pixels, _ in items]), [target for _, target in items]


def load(
    samples: Samples, keys: Sequence[list[tuple[int, int]]], workers: int
) -> Iterator[tuple[NDArray[np.float32], list[Any]]]:
    """Pixels (N, 3, 224, 224) float32, 0..255, and targets of each list of (view, index)."""
    loader: DataLoader[Any] = DataLoader(
        _Keys(samples),
        batch_sampler=keys,
        num_workers=workers,
        collate_fn=_collate,
        # a generator of its own: the loader must not draw from the one that the training uses
        generator=torch.Generator().manual_seed(0),
        # an engine's threads do not survive a fork
        multiprocessing_context="spawn" if workers else None,
    )
    for pixels, targets in loader:
        yield planes(pixels), targets


def planes(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, H, W, 3) uint8 to (N, 3, H, W) float32."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Views:
    """A training's batches. With `count` views, each is computed once, in a folder of `kept`."""

    samples: Samples
    prepare: Prepare
    batch: int
    seed: int
    workers: int
    kept: Path
    key: str
    """Tells all that the batches depend on from anything else."""
    count: int = 0
    mix: Mix | None = None

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last pictures of an order that fill none are left out."""
        return max(1, len(self.samples) // self.batch)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The epoch's order of the pictures."""
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.samples))

    def indices(self, step: int) -> list[int]:
        """The pictures of one step."""
        epoch, number = divmod(step, self.steps)
        chosen: list[int] = self.order(epoch)[number * self.batch :][: self.batch].tolist()
        return chosen

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """The steps' batches in order."""
        return self._kept(start, stop) if self.count else self._fresh(start, stop)

    def _fresh(self, start: int, stop: int) -> Iterator[Batch]:
        keys = [
            [(step // self.steps, index) for index in self.indices(step)]
            for step in range(start, stop)
        ]
        for step, (pixels, targets) in enumerate(load(self.samples, keys, self.workers), start):
            mixed = self.mix(step, pixels) if self.mix is not None else pixels
            yield Batch(self.prepare(mixed), targets, step)

    def _kept(self, start: int, stop: int) -> Iterator[Batch]:
        opened: tuple[int, View] | None = None
        for step in range(start, stop):
            number = step // self.steps % self.count
            if opened is None or opened[0] != number:
                opened = (number, self.view(number))
            yield opened[1].batch(self.indices(step))

    def plain(self, what: str = "validation pictures") -> Batch:
        """Every picture as it is, in its own order; `what` they are is shown meanwhile."""
        everything = [(PLAIN, index) for index in range(len(self.samples))]
        return self._prepared(everything, what, np.float32)

    def view(self, number: int) -> View:
        """One view, from disk or computed and kept."""
        path = self.kept / self.key / f"view-{number:03}"
        if not path.is_dir():
            keys = [(number, index) for index in range(len(self.samples))]
            found = self._prepared(keys, f"view {number + 1} of {self.count}", np.float16)
            _write(path, found)
        return _read(path)

    def _prepared(self, keys: list[tuple[int, int]], what: str, kind: type[Any]) -> Batch:
        chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
        parts: list[Arrays] = []
        targets: list[Any] = []
        loaded = load(self.samples, chunks, self.workers)
        for pixels, found in progress(loaded, len(chunks), what):
            parts.append({k: v.astype(kind) for k, v in self.prepare(pixels).items()})
            targets += found
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Batch(arrays, targets)


def views_of(
    config: Training, samples: Samples, prepare: Prepare, made_by: str, mix: Mix | None = None
) -> Views:
    """A run's batches; `made_by` names the networks that `prepare` runs.

    Their key is a digest of all that they depend on; where the pictures lie is no part of it.
    """
    seen = [(item.digest, item.truth) for item in samples.pictures]
    depends = [made_by, samples.describe(), seen]
    return Views(
        samples,
        prepare,
        batch=min(config.batch, len(samples)),
        seed=config.seed,
        workers=config.workers,
        count=config.views,
        kept=config.views_folder,
        key=hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16],
        mix=mix,
    )


@dataclass(frozen=True, eq=False)
class View:
    """A view on disk: float16 arrays that are read where they are needed, and targets."""

    arrays: dict[str, NDArray[np.float16]]
    targets: list[Any]

    def batch(self, indices: list[int]) -> Batch:
        """Some of its pictures."""
        arrays = {name: array[indices].astype(np.float32) for name, array in self.arrays.items()}
        return Batch(arrays, [self.targets[index] for index in indices])


def _write(path: Path, view: Batch) -> None:
    """A folder that is whole or not there, also where two trainings share it."""
    try:
        with replacing(path) as part:
            for name, array in view.arrays.items():
                np.save(part / f"{name}.npy", array)
            torch.save(view.targets, part / TARGETS)
    except OSError as error:
        raise TrunklineError(f"cannot keep a view in {path}: {error.strerror}") from error


def _read(path: Path) -> View:
    try:
        arrays = {file.stem: np.load(file, mmap_mode="r") for file in sorted(path.glob("*.npy"))}
        return View(arrays, torch.load(path / TARGETS, weights_only=True))
    except (OSError, ValueError, RuntimeError) as error:
        raise TrunklineError(f"{path} cannot be read: {error}; delete it") from error
