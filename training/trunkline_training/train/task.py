"""A job that ends in a tail of the model store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from trunkline.trunks import Trunk
from trunkline_training.train.cards import Story
from trunkline_training.train.collection import Collection
from trunkline_training.train.job import Job


class TaskJob(Job):
    """A job with what its tail's card, labels and figures need."""

    detects: ClassVar[bool] = False
    """Whether its tail gives detections, rather than logits."""
    test_truth: ClassVar[str]
    """What the pictures of the final figures have to know: CLASSES or BOXES."""
    labels: Sequence[str]
    trunk: Trunk
    collected: Collection
    story: Story
