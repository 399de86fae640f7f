"""What stands frozen before the layers that a task trains."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from trunkline_training.making.learning.source import Source
from trunkline_training.networks import running
from trunkline_training.train.config import PictureTraining
from trunkline_training.train.received import Received


class Front(ABC):
    """Pixels to what the trained layers read. `made_by` tells it from every other front."""

    made_by: str
    side: int

    @abstractmethod
    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C, H, W) of pixels (N, 3, side, side), 0..255."""


class SplitFront(Front):
    """Trunk, what the codec does to its features, and the tail's layers before `stage`.

    All of it runs on the serving engine.
    """

    def __init__(self, config: PictureTraining, source: Source, stage: int) -> None:
        content = source.front(stage)
        self._received = Received(config, source.trunk)
        self._layers = None if content is None else running(content, config.threads)
        layers = hashlib.sha256(content or b"").hexdigest()
        self.made_by = f"{self._received.made_by} {layers}"
        self.side = source.trunk.spec.preprocess.size[0]

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """What enters the stage, as the task has it to work with."""
        features = self._received(pixels)
        return features if self._layers is None else self._layers.run(features)[0]
