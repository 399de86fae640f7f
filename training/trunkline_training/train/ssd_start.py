"""Where a detector's training begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trunkline.errors import WeightsError
from trunkline.weights.conv import Conv
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.coco import VOC_NAMES
from trunkline_training.datasets import Picture
from trunkline_training.nets.detector import with_labels
from trunkline_training.nets.entry import entry
from trunkline_training.nets.heads import Head, PaperHead, of_layers
from trunkline_training.networks import published
from trunkline_training.progress import say
from trunkline_training.train import donors, models, ssd_layers_start
from trunkline_training.train.config import STORED, SsdTraining
from trunkline_training.train.models import CLASSIFIER, OWN, Given
from trunkline_training.train.received import Received

Start = tuple[Head, Mapping[str, Conv], str]
"""The head, the weights that it starts from, and the card's words for their origin."""


def start(
    config: SsdTraining,
    kind: type[Head],
    received: Received,
    labels: Sequence[str],
    pictures: Sequence[Picture],
) -> Start:
    """The start that `config.start` names; `pictures` are what a convolution is fitted on."""
    shape, classes = received.trunk.spec.shape, len(labels) + 1
    if config.start in STORED:
        tail = models.start_of(config)
        given = models.given_of(tail)
        blocks = config.start == CLASSIFIER
        convs = given.convs if blocks else relabelled(kind, given, labels)
        head = kind(classes, shape, given.padding, STITCH in convs, given.places.grid)
        return head, convs, models.words_of(tail)
    if config.start == "donor" and kind is PaperHead:
        return ssd_layers_start.start(config, received, classes, pictures)
    if config.start == "donor":
        donor = donors.donor(config, config.task, entry(shape))
        stitch = {STITCH: donors.fitted(config, received, donor.tensors, pictures)}
        head = kind(classes, shape, donor.given.padding, stitched=True)
        origin = f"{donor.origin} Behind a 3x3 convolution."
        return head, {**relabelled(kind, donor.given, labels), **stitch}, origin
    head = kind(classes, shape, models.trunk_padding(config))
    if config.start == "published":
        weights, network = published(config.trunk, config.set, say)
        terms = models.terms(weights.card)
        return head, network.convs, f"the layers behind the cut of {weights.model}; {terms}"
    return head, {}, OWN


def relabelled(kind: type[Head], given: Given, labels: Sequence[str]) -> Mapping[str, Conv]:
    """A tail's layers with class scores for `labels`. Raises WeightsError for another head's."""
    if of_layers(given.convs) is not kind:
        raise WeightsError(
            f"the tail to start from is no {kind.title}: choose another --head, --start or --task"
        )
    theirs = [VOC_NAMES.get(label, label) for label in given.labels]
    return with_labels(given.convs, kind.each, theirs, labels)
