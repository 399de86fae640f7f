"""Jobs that learn from features, and those that end in a tail of the model store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import nn

from trunkline.trunks import Trunk
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.nets.classifier import by_name, calibrate
from trunkline_training.nets.layer import Layer
from trunkline_training.train.cards import Story
from trunkline_training.train.collection import Collection
from trunkline_training.train.config import Training
from trunkline_training.train.job import Job
from trunkline_training.train.views import Batch, Views


class FeatureJob(Job):
    """A job whose module learns from batches of features."""

    config: Training
    _views: Views

    @property
    def depends(self) -> str:  # type: ignore[override]
        """A digest of its pictures, their truth and the frozen networks."""
        return self._views.key

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self._views.steps

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """Features and what is learnt from them."""
        return self._views.batches(start, stop)

    def calibrate(self) -> None:
        """Suit the module's layers to its first pictures, without changing what they compute.

        A convolution fitted to the trunk takes its inputs' units where it is to be trained, batch
        norms their statistics.
        """
        fitted, normed = self._fitted(), self.config.norm == "batch"
        if fitted is None and not normed:
            return
        count = -(-self.config.calibration // self._views.batch)
        batches = list(self._views.batches(0, min(count, self._views.steps)))
        several = torch.from_numpy(np.concatenate([batch.arrays["features"] for batch in batches]))
        if fitted is not None:
            fitted.take_units(several)
        if normed:
            calibrate(self.module, lambda: self.module(several))

    def _fitted(self) -> Layer | None:
        """The convolution between trunk and layers, where there is one and it will be trained."""
        if not self.config.epochs:
            return None
        return by_name(cast(nn.ModuleDict, self.module.layers)).get(STITCH)


class TaskJob(FeatureJob):
    """A job with what its tail's card, labels and figures need."""

    detects: bool = False
    """Whether its tail gives detections, rather than logits."""
    test_truth: str
    """What the pictures of the final figures have to know: CLASSES or BOXES."""
    labels: Sequence[str]
    trunk: Trunk
    collected: Collection
    story: Story
