"""`trunkline train ssd`: a detector behind a frozen trunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trunkline_training import voc
from trunkline_training.average_precision import mean_average_precision
from trunkline_training.datasets import BOXES
from trunkline_training.detection.loss import multibox
from trunkline_training.detection.targets import Objects, Targets
from trunkline_training.grading import found_in, graded
from trunkline_training.nets import heads
from trunkline_training.nets.detector import Detector
from trunkline_training.nets.places import Places
from trunkline_training.networks import running
from trunkline_training.train import collection, ssd_start
from trunkline_training.train.cards import Story
from trunkline_training.train.config import SsdTraining
from trunkline_training.train.job import SCORE
from trunkline_training.train.models import (
    trunk_of,
)
from trunkline_training.train.received import Received
from trunkline_training.train.samples import BoxSamples
from trunkline_training.train.task import TaskJob
from trunkline_training.train.views import Arrays, Batch, Views, views_of

VALIDATION_BATCH = 32
METHOD = (
    "behind the frozen trunk, as Liu et al. (2016) train SSD: augmentation by colour, expansion, "
    "crop and mirroring, smooth L1 loss on boxes, cross entropy on classes with {:g} hard "
    "negatives for each matched anchor"
)


class SsdJob(TaskJob):
    """A detector of VOC's classes."""

    config: SsdTraining
    detects = True
    test_truth = BOXES

    def __init__(self, config: SsdTraining) -> None:
        kind = heads.kind(config.head, config.trunk)
        self.config, self.labels = config, list(voc.CLASSES)
        self.collected = collection.collect(
            config.data,
            BOXES,
            self.labels,
            share=config.validation,
            limit=config.limit,
            seed=config.seed,
        )
        self.trunk = trunk_of(config)
        received = Received(config, self.trunk)
        head, given, origin = ssd_start.start(
            config, kind, received, self.labels, self.collected.training
        )
        self.story = Story(
            title=head.title,
            origin=origin,
            method=METHOD.format(config.negatives),
            pictures=self.collected.names,
            counts=self.collected.counts,
            labels="VOC's 20 classes",
            places=Places(head.grid),
        )
        self.module = self.detector = Detector(
            head, given, normed=config.norm == "batch", seed=config.seed, freeze=config.freeze
        )
        self._targets = Targets(head.anchors, config.iou_match)
        self._views, self._validation = self._pictures(received)
        self.calibrate()

    def _pictures(self, received: Received) -> tuple[Views, Batch]:
        config, fill = self.config, self.trunk.spec.preprocess.mean

        def prepare(pixels: NDArray[np.float32]) -> Arrays:
            return {"features": received(pixels)}

        samples = BoxSamples(self.collected.training, config.seed, fill, config.augment)
        views = views_of(config, samples, prepare, received.made_by)
        kept = BoxSamples(self.collected.validation, config.seed, fill, False)
        return views, views_of(config, kept, prepare, received.made_by).plain()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """`boxes` and `classes`."""
        labels, wanted = self._targets.batch([Objects(*target) for target in batch.targets])
        codes, scores = self.module(torch.from_numpy(batch.arrays["features"]))
        found = multibox(codes, scores, labels, wanted, self.config.negatives)
        return {"boxes": self.config.box_weight * found["boxes"], "classes": found["classes"]}

    def validate(self, module: nn.Module) -> dict[str, float]:
        """VOC2007's 11-point mAP of the graph that is served."""
        network = running(self.onnx(module), self.config.threads)
        tensors, rows = self._validation.arrays["features"], []
        for first in range(0, len(tensors), VALIDATION_BATCH):
            table = network.run(tensors[first : first + VALIDATION_BATCH])[0]
            for number in range(min(VALIDATION_BATCH, len(tensors) - first)):
                truth = self.collected.validation[first + number].truth
                rows.append(judged(table[table[:, 0] == number], truth))
        value = float(mean_average_precision(rows, np.ones((1, len(rows))))[0])
        return {SCORE: value, "map": value}

    def onnx(self, module: nn.Module) -> bytes:
        """The detector with decoding and suppression in its graph."""
        return cast(Detector, module).onnx(self.config.iou_nms)


def judged(rows: NDArray[np.float32], truth: Sequence[Sequence[object]]) -> dict[str, object]:
    """One picture's detections (K, 7) as `average_precision` reads them."""
    return {
        "found": graded(found_in(rows), truth),
        "objects": [item[0] for item in truth if not item[-1]],
    }
