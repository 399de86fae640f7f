"""A module that learns classes of labelled pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trunkline_training.pruning.export import exported
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.train.config import Training
from trunkline_training.train.job import SCORE, Job
from trunkline_training.train.views import Batch

IMAGE, PART = "image", 128


def depends(module: nn.Module, learnt: Labelled, kept: Labelled) -> str:
    """Tells these pictures and this module, as its weights are now, from others."""
    sha = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        sha.update(f"{name} {tuple(tensor.shape)} ".encode())
        sha.update(tensor.detach().double().numpy().tobytes())
    return f"{learnt.digest} {kept.digest}, first weights {sha.hexdigest()[:16]}"


class ModuleJob(Job):
    """Cross entropy; the module gives logits (N, classes)."""

    def __init__(
        self, config: Training, module: nn.Module, learnt: Labelled, kept: Labelled
    ) -> None:
        self.module = module
        self._config, self._learnt, self._kept = config, learnt, kept
        self._batch = min(config.batch, len(learnt))
        self.depends = depends(module, learnt, kept)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return max(1, len(self._learnt) // self._batch)

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """Each follows from the seed and its number."""
        for step in range(start, stop):
            indices = self._indices(step)
            rng = np.random.default_rng([self._config.seed, 1, step])
            images = self._learnt.batch(indices, rng if self._config.augment else None)
            labels = self._learnt.labels[indices].tolist()
            yield Batch({IMAGE: images.numpy()}, labels, step)

    def _indices(self, step: int) -> list[int]:
        epoch, number = divmod(step, self.steps)
        order = np.random.default_rng([self._config.seed, 0, epoch]).permutation(len(self._learnt))
        chosen: list[int] = order[number * self._batch :][: self._batch].tolist()
        return chosen

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`entropy`."""
        logits = self.module(torch.from_numpy(batch.arrays[IMAGE]))
        return {"entropy": functional.cross_entropy(logits, torch.tensor(batch.targets))}

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Top-1 in percent, and the cross entropy."""
        logits = logits_of(module, self._kept)
        right = (logits.argmax(dim=1) == self._kept.labels).double().mean()
        entropy = float(functional.cross_entropy(logits, self._kept.labels))
        top1 = 100 * float(right)
        return {SCORE: top1 - 1e-3 * entropy, "top1": top1, "entropy": entropy}

    def onnx(self, module: nn.Module) -> bytes:
        """The module as it is served; see `exported`."""
        return exported(module, self._kept.images[:1])


def logits_of(module: nn.Module, found: Labelled) -> Tensor:
    """(N, classes), in evaluation mode."""
    module.eval()
    with torch.no_grad():
        return torch.cat([module(part) for part in torch.split(found.images, PART)])


def right(module: nn.Module, found: Labelled) -> NDArray[np.bool_]:
    """Which pictures' classes are found, (N,)."""
    answers: NDArray[np.bool_] = (logits_of(module, found).argmax(dim=1) == found.labels).numpy()
    return answers
