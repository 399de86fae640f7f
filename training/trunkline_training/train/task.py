"""Jobs that learn from features, and those that end in a tail of the model store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from trunkline.trunks import Trunk
from trunkline_training.nets.classifier import calibrate
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
        """Give the module's batch norms the statistics of its first pictures."""
        count = -(-self.config.calibration // self._views.batch)
        batches = list(self._views.batches(0, min(count, self._views.steps)))
        several = np.concatenate([batch.arrays["features"] for batch in batches])
        calibrate(self.module, lambda: self.module(torch.from_numpy(several)))


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
