"""`trunkline train classifier|distil`: classifiers of labelled and of unlabelled pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trunkline.errors import ParameterError
from trunkline.files import read_bytes
from trunkline_training.datasets import CLASSES
from trunkline_training.nets.classifier import LINEAR, Classifier, by_name
from trunkline_training.networks import running
from trunkline_training.train import collection
from trunkline_training.train.cards import Story
from trunkline_training.train.config import ClassifierTraining, DistilTraining, PictureTraining
from trunkline_training.train.job import SCORE
from trunkline_training.train.mixing import Mixing
from trunkline_training.train.models import Teacher, trunk_of
from trunkline_training.train.picture_start import start
from trunkline_training.train.received import Received
from trunkline_training.train.samples import SIDE, ClassSamples
from trunkline_training.train.task import TaskJob
from trunkline_training.train.views import Arrays, Batch, views_of

VALIDATION_BATCH = 32
DISTILLED = (
    "distilled on unlabelled pictures, behind the frozen trunk: Kullback-Leibler divergence from "
    "the answers of {}, the whole network, to the same parts of pictures"
)
STITCHED = "none but a least-squares fit of the convolution between the trunk and another tail"


class PictureJob(TaskJob):
    """What classifiers share: pictures, network, batch norms, mixing."""

    config: PictureTraining
    truth = ""
    method = ""
    test_truth = CLASSES

    def __init__(self, config: PictureTraining, labels: Sequence[str], made_by: str = "") -> None:
        self.config, self.labels = config, labels
        self.collected = collection.collect(
            config.data,
            self.truth,
            labels,
            share=config.validation,
            limit=config.limit,
            seed=config.seed,
        )
        self.trunk = trunk_of(config)
        self._received = Received(config, self.trunk)
        plan, given, origin = start(config, self._received, labels, self.collected.training)
        self.story = Story(
            title="MobileNetV2 1.0",
            origin=origin,
            method=self.method,
            pictures=self.collected.names,
            counts=self.collected.counts,
            labels=f"{len(labels)} classes",
            places=plan.places,
        )
        self.module = Classifier(
            plan,
            given,
            normed=config.norm == "batch",
            dropout=config.dropout,
            seed=config.seed,
            freeze=config.freeze,
        )
        self._prepare_pictures(f"{self._received.made_by} {made_by}")
        self.calibrate()

    def _prepare_pictures(self, made_by: str) -> None:
        config, pictures = self.config, self.collected
        samples = ClassSamples(pictures.training, config.seed, config.smallest_crop, config.augment)
        self.mixing = Mixing(config.mixup, config.cutmix, config.seed)
        self._views = views_of(config, samples, self.prepare, made_by, self.mixing or None)
        kept = ClassSamples(pictures.validation, config.seed, config.smallest_crop, False)
        self._validation = views_of(config, kept, self.prepare, made_by).plain()

    def prepare(self, pixels: NDArray[np.float32]) -> Arrays:
        """The trunk's features, as `Received` gives them."""
        return {"features": self._received(pixels)}

    def onnx(self, module: nn.Module) -> bytes:
        """The classifier from features to logits."""
        return cast(Classifier, module).onnx()

    def served(self, module: nn.Module) -> NDArray[np.float32]:
        """Logits (N, classes) of the validation pictures by the graph that is served."""
        network = running(self.onnx(module), self.config.threads)
        tensors = self._validation.arrays["features"]
        parts = [
            network.run(tensors[first : first + VALIDATION_BATCH])[0]
            for first in range(0, len(tensors), VALIDATION_BATCH)
        ]
        return np.concatenate(parts)


class ClassifierJob(PictureJob):
    """Cross entropy with the pictures' own classes."""

    truth = CLASSES
    method = "cross entropy with the pictures' own classes, behind the frozen trunk"

    def __init__(self, config: ClassifierTraining) -> None:
        self._smoothing = config.label_smoothing
        labels = class_labels(config)
        if len(labels) < 2:
            raise ParameterError(
                f"the data have the class {' '.join(labels)} alone: expected two or more, one "
                "folder each, or the lines of --labels"
            )
        super().__init__(config, labels)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`entropy`, of both classes where pictures are mixed."""
        _, logits = self.module(torch.from_numpy(batch.arrays["features"]))
        wanted = torch.tensor(batch.targets)
        share = self.mixing.share(batch.step, (SIDE, SIDE))
        parts = [
            weight * functional.cross_entropy(logits, target, label_smoothing=self._smoothing)
            for weight, target in ((share, wanted), (1 - share, wanted.flip(0)))
            if weight
        ]
        return {"entropy": torch.stack(parts).sum()}

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Top-1 in percent, and the cross entropy."""
        logits = torch.from_numpy(self.served(module))
        wanted = torch.tensor(self._validation.targets)
        top1 = 100 * float((logits.argmax(dim=1) == wanted).double().mean())
        entropy = float(functional.cross_entropy(logits, wanted))
        # a small validation part has many ties
        return {SCORE: top1 - 1e-3 * entropy, "top1": top1, "entropy": entropy}


class DistilJob(PictureJob):
    """Kullback-Leibler divergence from a whole network's answers."""

    def __init__(self, config: DistilTraining) -> None:
        self._distil = config
        self._teacher = Teacher(config)
        model = self._teacher.entry.model
        self.method = DISTILLED.format(model) if config.epochs else STITCHED
        super().__init__(config, self._teacher.entry.labels(), self._teacher.made_by)
        if config.feature_weight:
            self._require_pooled()

    def prepare(self, pixels: NDArray[np.float32]) -> Arrays:
        """The trunk's features, the teacher's logits and pooled features."""
        logits, pooled = self._teacher.answers(pixels)
        return {**super().prepare(pixels), "logits": logits, "pooled": pooled}

    def _require_pooled(self) -> None:
        """Raise ParameterError where pooled features differ in number, as those of pruned tails."""
        theirs = self._validation.arrays["pooled"].shape[1]
        ours = by_name(cast(nn.ModuleDict, self.module.layers))[LINEAR].weight.shape[1]
        if ours != theirs:
            raise ParameterError(
                f"feature_weight compares {ours} pooled features with the teacher's {theirs}: "
                "expected as many; set it to 0 for a pruned tail"
            )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`divergence`, and `features` where they have a weight."""
        arrays = {name: torch.from_numpy(array) for name, array in batch.arrays.items()}
        pooled, logits = self.module(arrays["features"])
        found = {"divergence": divergence(logits, arrays["logits"], self._distil.temperature)}
        if self._distil.feature_weight:
            apart = functional.mse_loss(pooled, arrays["pooled"])
            found["features"] = self._distil.feature_weight * apart
        return found

    def validate(self, module: nn.Module) -> dict[str, float]:
        """How often its best class is the teacher's, in percent, and the divergence at 1."""
        logits = torch.from_numpy(self.served(module))
        wanted = torch.from_numpy(self._validation.arrays["logits"])
        agree = 100 * float((logits.argmax(dim=1) == wanted.argmax(dim=1)).double().mean())
        apart = float(divergence(logits, wanted, 1.0))
        return {SCORE: -apart, "agree": agree, "divergence": apart}


def divergence(logits: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Mean over (N, classes) of KL(teacher || student) at a temperature, times its square.

    Source: Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network" (2015).
    """
    ours = functional.log_softmax(logits / temperature, dim=1)
    theirs = functional.log_softmax(wanted / temperature, dim=1)
    apart = functional.kl_div(ours, theirs, reduction="batchmean", log_target=True)
    return temperature**2 * apart


def class_labels(config: ClassifierTraining) -> list[str]:
    """The classes: a file's lines, or the names of the folders."""
    if config.labels:
        lines = read_bytes(Path(config.labels)).decode().splitlines()
        return [line.strip() for line in lines if line.strip()]
    return collection.class_names(config.data)
