"""Where a classifier's training begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trunkline.trunks import Trunk
from trunkline.weights import sets
from trunkline.weights.conv import Conv
from trunkline_training import stitch
from trunkline_training.datasets import Picture
from trunkline_training.nets.classifier import LINEAR, STITCH, Plan
from trunkline_training.train.config import PictureTraining
from trunkline_training.train.log import say
from trunkline_training.train.models import Given, Teacher, given_of, stored
from trunkline_training.train.received import Received
from trunkline_training.train.samples import PLAIN, ClassSamples
from trunkline_training.train.views import load

ENTRIES = {"mobilenet_v2": 7, "vgg16": 14}
"""The first stage of MobileNetV2 that is wanted behind a trunk: where the grids are the same."""
BATCH = 16

Start = tuple[Plan, Mapping[str, Conv]]


def start(
    config: PictureTraining, received: Received, labels: Sequence[str], pictures: Sequence[Picture]
) -> Start:
    """The tail's plan and the weights that it starts from."""
    trunk = received.trunk
    if config.start == "store":
        return _from(stored(config, config.task), trunk, labels)
    if config.start == "teacher":
        return _stitched(config, received, labels, pictures)
    weights = sets.get(config.trunk, config.set)
    entry = max(config.entry, ENTRIES[config.trunk])
    alone = config.trunk == "mobilenet_v2" and entry == ENTRIES["mobilenet_v2"]
    return Plan(trunk.spec.shape, entry, not alone, weights.padding, len(labels)), {}


def _from(given: Given, trunk: Trunk, labels: Sequence[str]) -> Start:
    """A tail that there is; with other labels its last layer is drawn anew."""
    stitched = STITCH in given.convs
    plan = Plan(trunk.spec.shape, given.entry, stitched, given.padding, len(labels))
    keep = list(labels) == list(given.labels)
    return plan, {name: conv for name, conv in given.convs.items() if keep or name != LINEAR}


def _stitched(
    config: PictureTraining, received: Received, labels: Sequence[str], pictures: Sequence[Picture]
) -> Start:
    """The teacher's own tail, behind a convolution that makes its features of the trunk's."""
    entry, trunk = ENTRIES[config.trunk], received.trunk
    inside = f"{entry - 1}.add"
    teacher = Teacher(config, inside) if entry > ENTRIES["mobilenet_v2"] else Teacher(config)
    given = given_of(teacher.entry)
    plan, convs = _from(given, trunk, labels)
    plan = Plan(trunk.spec.shape, entry, True, given.padding, plan.classes)

    def pairs() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        chosen = list(pictures[:: max(1, len(pictures) // config.stitch_pictures)])
        samples = ClassSamples(chosen, config.seed, 1.0, False)
        numbers = [(PLAIN, index) for index in range(len(chosen))]
        keys = [numbers[first : first + BATCH] for first in range(0, len(numbers), BATCH)]
        for pixels, _ in load(samples, keys, 0):
            at_entry = entry == ENTRIES["mobilenet_v2"]
            theirs = teacher.features(pixels) if at_entry else teacher.answers(pixels)[1]
            yield received(pixels), theirs

    out = plan.shapes[STITCH].out
    conv, explained = stitch.fit(pairs(), out, trunk.spec.shape[0])
    say(f"the first convolution explains {explained:.1%} of the teacher's features")
    return plan, {**convs, STITCH: conv}
