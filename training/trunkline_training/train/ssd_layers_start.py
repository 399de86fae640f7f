"""SSD's own layers of another trunk's detector, behind MobileNetV2's blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trunkline import trunks
from trunkline.errors import ParameterError
from trunkline.types import Tensor
from trunkline.weights import splice
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import TailEntry
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.datasets import Picture
from trunkline_training.nets import ssd_layers
from trunkline_training.nets.entry import entering
from trunkline_training.nets.heads import Head, PaperHead
from trunkline_training.networks import running
from trunkline_training.train import donors, models
from trunkline_training.train.config import SsdTraining
from trunkline_training.train.models import CLASSIFIER, Pixels
from trunkline_training.train.received import Received

FIRST = ssd_layers.CONV5[0].name
OWN = (ssd_layers.FIRST_SCALE, FIRST, "cls.0", "box.0")
"""What reads the trunk's first map or its channels, which another trunk's does not fit."""


def start(
    config: SsdTraining, received: Received, classes: int, pictures: Sequence[Picture]
) -> tuple[Head, Mapping[str, Conv], str]:
    """The blocks of this trunk's classifier, then the donor's layers from conv5_2 on.

    conv5_1 between them is fitted: from the blocks' output to what the donor's makes of the same
    pictures. Raises ParameterError, WeightsError.
    """
    blocks = models.stored(config, CLASSIFIER)
    donor = models.store_of(config).tail(*_named(config.donor))
    given = models.given_of(blocks)
    last = PaperHead.stages[-1]
    between = _part(blocks, entering(last + 1, stitched=False), config.threads)
    own = donors.fitted(
        config,
        lambda pixels: between(received(pixels)),
        _ahead(config, donor),
        pictures,
    )
    shape, stitched = received.trunk.spec.shape, STITCH in given.convs
    head = PaperHead(classes, shape, given.padding, stitched, given.places.grid)
    theirs = {k: v for k, v in models.given_of(donor).convs.items() if k not in OWN}
    convs = {**given.convs, **theirs, FIRST: own}
    origin = f"{models.words_of(blocks)} From conv5_2 on {models.words_of(donor)}"
    return head, convs, origin


def _named(donor: str) -> tuple[str, str, str]:
    parts = donor.split("/")
    if len(parts) != 3:
        raise ParameterError(
            f"donor is {donor!r}: expected TRUNK/SET/TASK, vgg16/oxford/ssd for one"
        )
    trunk, weights, task = parts
    return trunk, weights, task


def _ahead(config: SsdTraining, donor: TailEntry) -> donors.Forward:
    """Pixels to what the donor's conv5_1 gives before its activation."""
    store = models.store_of(config)
    trunk = trunks.load(donor.trunk, donor.set, store=store, threads=config.threads)
    rest = _part(donor, f"{FIRST}.conv", config.threads)

    def forward(pixels: Pixels) -> Tensor:
        return rest(models.features(trunk, pixels))

    return forward


def _part(tail: TailEntry, tensor: str, threads: int) -> donors.Forward:
    """A tail's features to one of its tensors."""
    network = running(splice.up_to(tail.verified_path().read_bytes(), tensor), threads)
    return lambda features: network.run(features)[0]
