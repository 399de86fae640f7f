"""`trunkline fit classifier`: a 1000-class linear layer for a trunk whose network has none.

The published network's own later blocks stay as they are; the layer on their pooled features is
fitted by ridge regression to the logits of another, whole network on unlabelled pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import ParameterError, WeightsError
from trunkline.types import Tensor
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import half
from trunkline.weights.files import Report
from trunkline.weights.sets import Network, WeightSet
from trunkline_training import pictures
from trunkline_training.networks import Fitted, Forward, chain, published, running
from trunkline_training.progress import progress
from trunkline_training.ridge import Ridge

TEACHER = "torchvision-v1"
POOLED, CLASSES = 1280, 1000
BATCH = 16
VIEWS = (pictures.WHOLE, pictures.View(mirrored=True))
"""Whole pictures, then the same mirrored."""


@dataclass(frozen=True)
class ClassifierFit:
    """What to fit. `penalty` is ridge regression's lambda for one view of a picture."""

    data: Path
    weights: str = "keras-160"
    penalty: float = 30.0
    views: int = 2
    limit: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        if not self.penalty > 0:
            raise ParameterError(f"penalty is {self.penalty:g}: expected more than 0")
        if not 1 <= self.views <= len(VIEWS):
            raise ParameterError(f"views is {self.views}: expected 1 to {len(VIEWS)}")
        if self.limit < 0:
            raise ParameterError(f"limit is {self.limit}: expected 0 (all) or more")


def picture_paths(data: Path) -> list[Path]:
    """The unlabelled pictures: VOC2007 trainval, caltech101, cats_dogs; none of ImageNet's."""
    return [
        *pictures.voc(data / "VOCdevkit" / "VOC2007", "trainval"),
        *pictures.folder(data / "caltech101"),
        *pictures.folder(data / "cats_dogs"),
    ]


def fit(config: ClassifierFit, report: Report) -> Fitted:
    """Fit the layer and build the tail that ends in it."""
    weights, network = published(config.weights, report)
    student = _student(weights, network, config.threads)
    teacher_set, teacher_network = published(TEACHER, report)
    teacher = _teacher(teacher_set, teacher_network, config.threads)
    paths = picture_paths(config.data)
    paths = paths[: config.limit or len(paths)]
    sums = Ridge(POOLED, CLASSES)
    for pooled, logits in _pairs(config, paths, (weights, student), (teacher_set, teacher)):
        sums.add(pooled, logits)
    weight, bias = sums.solve(config.penalty * config.views)
    report(f"solved {POOLED} x {CLASSES} on {sums.count} views of {len(paths)} pictures")
    content = mobilenet_v2.classifier_model(
        network.convs, half(weight), half(bias), weights.padding
    )
    return Fitted(weights, network, content, {"fit_pictures": len(paths), "fit_views": sums.count})


def _student(weights: WeightSet, network: Network, threads: int) -> Forward:
    graph, pooled = mobilenet_v2.tail_graph(network.convs, weights.padding)
    return chain(
        running(weights.trunk_model(network), threads),
        running(graph.model(pooled, ["N", POOLED]), threads),
    )


def _teacher(weights: WeightSet, network: Network, threads: int) -> Forward:
    if network.linear is None:
        raise WeightsError(
            f"{weights.name} has no last layer to learn from: expected a whole network"
        )
    tail = mobilenet_v2.classifier_model(network.convs, *network.linear, weights.padding)
    return chain(running(weights.trunk_model(network), threads), running(tail, threads))


def _pairs(
    config: ClassifierFit,
    paths: Sequence[Path],
    student: tuple[WeightSet, Forward],
    teacher: tuple[WeightSet, Forward],
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pooled features (N, 1280) and the teacher's logits (N, 1000)."""
    recipes = [student[0].preprocess, teacher[0].preprocess]
    total = -(-len(paths) // BATCH)
    for number, view in enumerate(VIEWS[: config.views], start=1):
        batches = pictures.batches(paths, recipes, BATCH, view)
        for ours, theirs in progress(batches, total, f"view {number} of {config.views}"):
            yield student[1](ours), teacher[1](theirs)
