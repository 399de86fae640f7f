"""Small labelled pictures, all of them in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from trunkline_training import pictures
from trunkline_training.datasets import CLASSES, Picture, spread
from trunkline_training.progress import progress
from trunkline_training.train import collection
from trunkline_training.train.collection import Collection
from trunkline_training.train.config import Training

MARGIN = 8
"""A picture is moved by at most the MARGINth part of its side, as is usual for CIFAR-10."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures (N, 3, S, S) of mean 0.5 and deviation 0.25, and class indices (N,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def digest(self) -> str:
        """Tells these pictures and classes from others."""
        sha = hashlib.sha256(self.images.numpy().tobytes())
        sha.update(self.labels.numpy().tobytes())
        return sha.hexdigest()[:16]

    def some(self, count: int) -> Labelled:
        """At most `count` of the pictures, evenly."""
        chosen = list(spread(range(len(self)), count))
        return Labelled(self.images[chosen], self.labels[chosen])

    def batch(self, indices: Sequence[int], rng: np.random.Generator | None) -> Tensor:
        """Some of the pictures; with `rng` moved and mirrored at random."""
        chosen = self.images[torch.tensor(list(indices))]
        return chosen if rng is None else torch.stack([_changed(item, rng) for item in chosen])


def load(found: Sequence[Picture], side: int) -> Labelled:
    """The pictures, squashed to `side` pixels a side. Raises ImageError."""
    planes, labels = [], []
    for picture in progress(iter(found), len(found), "pictures"):
        image = pictures.load(picture.path).resize((side, side), Image.Resampling.BILINEAR)
        planes.append(torch.from_numpy(np.array(image)).permute(2, 0, 1))  # (H, W, 3) -> (3, H, W)
        labels.append(picture.truth)
    return Labelled((torch.stack(planes).float() / 255 - 0.5) / 0.25, torch.tensor(labels))


def parts(config: Training, classes: Sequence[str]) -> Collection:
    """What is learnt from and what is validated on. Raises TrunklineError."""
    share, limit, seed = config.validation, config.limit, config.seed
    return collection.collect(config.data, CLASSES, classes, share=share, limit=limit, seed=seed)


def _changed(image: Tensor, rng: np.random.Generator) -> Tensor:
    """(3, S, S) moved, zeros coming in, and mirrored every second time."""
    side = image.shape[-1]
    most = side // MARGIN
    padded = torch.nn.functional.pad(image, (most, most, most, most))
    top, left = (int(it) for it in rng.integers(0, 2 * most + 1, 2))
    part = padded[:, top : top + side, left : left + side]
    return part.flip(2) if rng.random() < 0.5 else part
