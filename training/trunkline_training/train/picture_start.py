"""Where a classifier's training begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trunkline.types import Shape
from trunkline.weights.conv import Conv
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.datasets import Picture
from trunkline_training.nets.classifier import LINEAR, Plan, drawn_plan
from trunkline_training.nets.entry import entry
from trunkline_training.train import donors, models
from trunkline_training.train.config import STORED, PictureTraining
from trunkline_training.train.models import CLASSIFIER, OWN, Given
from trunkline_training.train.received import Received

Start = tuple[Plan, Mapping[str, Conv], str]
"""The tail's plan, the weights that it starts from, and the card's words for their origin."""


def start(
    config: PictureTraining, received: Received, labels: Sequence[str], pictures: Sequence[Picture]
) -> Start:
    """The start that `config.start` names; `pictures` are what a convolution is fitted on."""
    shape = received.trunk.spec.shape
    if config.start in STORED:
        tail = models.start_of(config)
        return (*_from(models.given_of(tail), shape, labels), models.words_of(tail))
    if config.start == "donor":
        donor = donors.donor(config, CLASSIFIER, entry(shape))
        plan, convs = _from(donor.given, shape, labels)
        conv = donors.fitted(config, received, donor.tensors, pictures)
        plan = replace(plan, entry=entry(shape), stitched=True)
        return plan, {**convs, STITCH: conv}, f"{donor.origin} Behind a 3x3 convolution."
    return drawn_plan(shape, models.trunk_padding(config), len(labels), config.entry), {}, OWN


def _from(given: Given, shape: Shape, labels: Sequence[str]) -> tuple[Plan, Mapping[str, Conv]]:
    """A tail that there is; with other labels its last layer is drawn anew."""
    plan = models.plan_of(given, shape, len(labels))
    keep = list(labels) == list(given.labels)
    return plan, {name: conv for name, conv in given.convs.items() if keep or name != LINEAR}
