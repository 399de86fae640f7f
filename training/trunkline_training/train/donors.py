"""Networks whose later blocks a tail takes over, behind a convolution fitted to its trunk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from trunkline import trunks
from trunkline.errors import WeightsError
from trunkline.trunks.trunk import normalise
from trunkline.types import Tensor
from trunkline.weights import mobilenet_v2, sets, splice
from trunkline.weights.conv import Conv, Padding
from trunkline.weights.graph import Graph
from trunkline.weights.mobilenet_v2 import STITCH, Convs
from trunkline_training import coco, coco_detector, ssdlite, stitch
from trunkline_training.datasets import Picture
from trunkline_training.nets.entry import entering
from trunkline_training.networks import running
from trunkline_training.progress import progress, say
from trunkline_training.train import models
from trunkline_training.train.config import Training
from trunkline_training.train.models import Given, Pixels
from trunkline_training.train.samples import PLAIN, ClassSamples
from trunkline_training.train.views import load

Forward = Callable[[Pixels], Tensor]
"""Pixels (N, 3, 224, 224) of 0..255 to tensors (N, C, H, W)."""
COCO = "coco"
BATCH = 16


class Donor(ABC):
    """A MobileNetV2 with a tail: the tail's layers and labels, and what goes into them."""

    given: Given
    origin: str
    """Where it is from and under which licence, for the card."""

    @abstractmethod
    def tensors(self, pixels: Pixels) -> Tensor:
        """What enters the wanted stage for pixels (N, 3, 224, 224) of 0..255."""


class StoredDonor(Donor):
    """Trunk and tail of one weight set of the model store."""

    def __init__(self, config: Training, task: str, stage: int) -> None:
        store = models.store_of(config)
        tail = store.tail("mobilenet_v2", config.donor, task)
        self.given, self.origin = models.given_of(tail), models.words_of(tail)
        self._trunk = trunks.load("mobilenet_v2", config.donor, store=store, threads=config.threads)
        self._between = None
        name = entering(stage, STITCH in self.given.convs)
        if name != "features":
            content = splice.up_to(tail.verified_path().read_bytes(), name)
            self._between = running(content, config.threads)

    def tensors(self, pixels: Pixels) -> Tensor:
        """The trunk's features, or what the tail's first layers make of them."""
        found = models.features(self._trunk, pixels)
        return found if self._between is None else self._between.run(found)[0]


class CocoDonor(Donor):
    """The published COCO detector, which brings a backbone of its own."""

    origin = coco_detector.ORIGIN

    def __init__(self, config: Training, stage: int) -> None:
        detector = coco_detector.read(say)
        self.given = Given(ssdlite.tail_convs(detector), ssdlite.PADDING, coco.LABELS)
        recipe = sets.get("mobilenet_v2", coco_detector.PREPROCESSED_AS).preprocess
        self._preprocess = recipe
        self._front = running(front(detector.backbone, ssdlite.PADDING, stage), config.threads)

    def tensors(self, pixels: Pixels) -> Tensor:
        """The backbone up to the stage."""
        return self._front.run(normalise(self._preprocess, pixels))[0]


def donor(config: Training, task: str, stage: int) -> Donor:
    """The network that `config.donor` names, for a tail that begins with `stage`."""
    return CocoDonor(config, stage) if config.donor == COCO else StoredDonor(config, task, stage)


def front(convs: Convs, padding: Padding, stage: int) -> bytes:
    """MobileNetV2 up to what enters `stage`, as ONNX: `image` (N, 3, 224, 224) -> `features`."""
    graph = Graph("mobilenet_v2.front")
    x = mobilenet_v2.front(graph, graph.input("image", (3, 224, 224)), convs, padding, stage)
    graph.rename(x.name, "features")
    return graph.model("features", ["N", *x.shape])


def fitted(config: Training, ours: Forward, theirs: Forward, pictures: Sequence[Picture]) -> Conv:
    """The convolution that makes of our tensor theirs, by least squares over some pictures.

    Raises WeightsError where theirs has other places, as behind a tail that was put on fewer.
    """

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        chosen = list(pictures[:: max(1, len(pictures) // config.stitch_pictures)])
        samples = ClassSamples(chosen, config.seed, 1.0, False)
        numbers = [(PLAIN, index) for index in range(len(chosen))]
        keys = [numbers[first : first + BATCH] for first in range(0, len(numbers), BATCH)]
        for pixels, _ in progress(load(samples, keys, 0), len(keys), "batches to fit to"):
            own, other = ours(pixels), theirs(pixels)
            if own.shape[2:] != other.shape[2:]:
                raise WeightsError(
                    f"the donor's map has {other.shape[2]} places a side and ours {own.shape[2]}: "
                    "expected as many; choose a --donor, and a start, that work on all places"
                )
            yield own, other

    conv, explained = stitch.fit(pairs())
    say(f"the fitted convolution explains {explained:.1%} of the donor's features")
    return conv
