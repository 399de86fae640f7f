"""A trunk that learns the unpruned one's features of unlabelled pictures."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trunkline.trunks import Trunk
from trunkline.trunks.trunk import normalise
from trunkline_training.nets.trunk import TrunkModule
from trunkline_training.pruning.settings import TrunkPruning
from trunkline_training.train.collection import Collection
from trunkline_training.train.job import SCORE
from trunkline_training.train.models import features
from trunkline_training.train.samples import ClassSamples
from trunkline_training.train.task import FeatureJob
from trunkline_training.train.views import Arrays, Batch, views_of

PART = 16
IMAGE, FEATURES = "image", "features"


class TrunkJob(FeatureJob):
    """`trunk` is the unpruned one; `module` begins as it is."""

    def __init__(
        self, config: TrunkPruning, trunk: Trunk, collected: Collection, module: TrunkModule
    ) -> None:
        self.config, self._trunk, self.module = config, trunk, module
        made_by = f"trunk {trunk.spec.digest}"
        learnt, kept = (
            ClassSamples(part, config.seed, config.smallest_crop, change)
            for part, change in (
                (collected.training, config.augment),
                (collected.validation, False),
            )
        )
        self._views = views_of(config, learnt, self.prepare, made_by)
        self._validation = views_of(config, kept, self.prepare, made_by).plain()
        wanted = self._validation.arrays[FEATURES]
        self._spread = torch.from_numpy(wanted.var(axis=(0, 2, 3)) + 1e-6)

    def prepare(self, pixels: NDArray[np.float32]) -> Arrays:
        """What the trunk reads, and what the unpruned one makes of it."""
        image = normalise(self._trunk.spec.preprocess, pixels)
        return {IMAGE: image, FEATURES: features(self._trunk, pixels)}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`apart`: the squared distance of features, each channel's by its variance."""
        found = self.module(torch.from_numpy(batch.arrays[IMAGE]))
        return {"apart": self._apart(found, torch.from_numpy(batch.arrays[FEATURES])).mean()}

    def _apart(self, ours: Tensor, wanted: Tensor) -> Tensor:
        """Of each picture, (N,)."""
        squares = ((ours - wanted) ** 2).mean(dim=(2, 3))  # (N, C)
        return (squares / self._spread).mean(dim=1)

    def validate(self, module: nn.Module) -> dict[str, float]:
        """The distance on the validation pictures: the share of variance that is not explained."""
        arrays = (self._validation.arrays[name] for name in (IMAGE, FEATURES))
        pairs = zip(*(torch.split(torch.from_numpy(it), PART) for it in arrays), strict=True)
        # by parts: the features of all pictures at once are large
        found = torch.cat([self._apart(module(image), wanted) for image, wanted in pairs])
        apart = float(found.double().mean())
        return {SCORE: -apart, "apart": apart}

    def onnx(self, module: nn.Module) -> bytes:
        """The trunk as it is served."""
        return cast(TrunkModule, module).onnx()
