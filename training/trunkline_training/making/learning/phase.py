"""One training of a task's last layers, behind frozen ones whose output is computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trunkline.weights.conv import Conv
from trunkline_training.datasets import Picture
from trunkline_training.making.learning.fronts import Front
from trunkline_training.nets.classifier import Classifier, Plan, folded
from trunkline_training.train.config import PictureTraining
from trunkline_training.train.job import SCORE
from trunkline_training.train.samples import ClassSamples
from trunkline_training.train.task import FeatureJob
from trunkline_training.train.views import Arrays, Batch, views_of


class Phase(FeatureJob):
    """Cross entropy of the layers of `plan`, behind a front.

    `given` are first weights; the others are drawn. `weights` are the classes', (K,).
    """

    config: PictureTraining

    def __init__(
        self,
        config: PictureTraining,
        front: Front,
        plan: Plan,
        given: Mapping[str, Conv],
        parts: tuple[Sequence[Picture], Sequence[Picture]],
        weights: Tensor,
        *,
        smoothing: float,
    ) -> None:
        self.config, self._front = config, front
        self._weights, self._smoothing = weights, smoothing
        self.module = Classifier(
            plan,
            {name: conv for name, conv in given.items() if name in plan.shapes},
            normed=config.norm == "batch",
            dropout=config.dropout,
            seed=config.seed,
        )
        learnt, chosen_by = (self._samples(part) for part in parts)
        self._views = views_of(config, learnt, self._prepare, front.made_by)
        self._validation = views_of(config, chosen_by, self._prepare, front.made_by).plain()
        self.calibrate()

    def _samples(self, pictures: Sequence[Picture]) -> ClassSamples:
        config, side = self.config, self._front.side
        return ClassSamples(pictures, config.seed, config.smallest_crop, config.augment, side)

    def _prepare(self, pixels: NDArray[np.float32]) -> Arrays:
        return {"features": self._front(pixels)}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`entropy`, with every class weighted."""
        _, logits = self.module(torch.from_numpy(batch.arrays["features"]))
        wanted = torch.tensor(batch.targets)
        entropy = functional.cross_entropy(
            logits, wanted, weight=self._weights, label_smoothing=self._smoothing
        )
        return {"entropy": entropy}

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Cross entropy, by which the best epoch is chosen, and Top-1 in percent."""
        features = torch.from_numpy(self._validation.arrays["features"])
        parts = [module(part)[1] for part in torch.split(features, self.config.batch)]
        logits, wanted = torch.cat(parts), torch.tensor(self._validation.targets)
        entropy = float(functional.cross_entropy(logits, wanted, weight=self._weights))
        top1 = 100 * float((logits.argmax(dim=1) == wanted).double().mean())
        return {SCORE: -entropy, "top1": top1, "entropy": entropy}

    def onnx(self, module: nn.Module) -> bytes:
        """The trained layers from what enters them to logits."""
        return cast(Classifier, module).onnx()

    def trained(self) -> dict[str, Conv]:
        """The layers as they are stored."""
        return folded(cast(nn.ModuleDict, self.module.layers))
