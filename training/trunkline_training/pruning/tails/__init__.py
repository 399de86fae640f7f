"""The tails that can be pruned, by what their layers are."""

from __future__ import annotations

from trunkline.errors import WeightsError
from trunkline.types import Shape
from trunkline_training.nets.classifier import LINEAR
from trunkline_training.nets.heads import of_layers
from trunkline_training.pruning.tails.abc import Tail
from trunkline_training.pruning.tails.classifier import ClassifierTail
from trunkline_training.pruning.tails.detector import DetectorTail
from trunkline_training.train.models import Given


def tail_of(given: Given, shape: Shape) -> Tail:
    """The kind of tail that these layers are. Raises WeightsError for another one."""
    if LINEAR in given.convs:
        return ClassifierTail(given, shape)
    if of_layers(given.convs) is not None:
        return DetectorTail(given, shape)
    raise WeightsError(
        "the tail is no classifier's and no detector's: expected one that trunkline train made; "
        "prune others as modules"
    )
