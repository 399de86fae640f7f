"""The frozen networks of a training, as the serving engine runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline import engines, trunks
from trunkline.engines.abc import Network
from trunkline.errors import WeightsError
from trunkline.trunks import Trunk
from trunkline.trunks.trunk import normalise
from trunkline.types import Shape
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import Conv, Padding
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import ModelStore
from trunkline_training.nets.classifier import Plan
from trunkline_training.nets.entry import LAST_RESAMPLED, MIDDLE, RESAMPLED
from trunkline_training.nets.places import EVERYWHERE, Places, Window, middle
from trunkline_training.nets.start import from_onnx
from trunkline_training.networks import running
from trunkline_training.train.cards import LICENCE
from trunkline_training.train.config import F32, SIBLING, DistilTraining, Training

CLASSIFIER, POOLED = "classifier", "pooled"
OURS = [LICENCE.format(work) for work in ("training", "pruning")]
OWN = "this project's own work, from random weights."
REDUCED_ENGINE = "openvino"
"""The engine that computes in less than float32; the default one does not."""
Pixels = NDArray[np.float32]


def store_of(config: Training) -> ModelStore:
    """The output folder in front of the user's store and the released bundle."""
    return ModelStore((Path(config.output), *ModelStore.default().roots))


def trunk_of(config: Training, precision: str = F32) -> Trunk:
    """The frozen trunk, from the output folder: the tail is written beside it.

    Raises MissingExtraError, EngineError where it cannot compute in that precision here.
    """
    return trunks.load(
        config.trunk,
        config.set,
        engine=engines.DEFAULT_ENGINE if precision == F32 else REDUCED_ENGINE,
        precision=precision,
        store=ModelStore((Path(config.output),)),
        threads=config.threads,
    )


def features(trunk: Trunk, pixels: Pixels) -> NDArray[np.float32]:
    """Pixels (N, 3, 224, 224) of 0..255 to feature tensors (N, C, H, W)."""
    return trunk.forward(normalise(trunk.spec.preprocess, pixels))


@dataclass(frozen=True, eq=False)
class Given:
    """A tail to start from: its convolutions, how it pads, its labels, the places it works on."""

    convs: Mapping[str, Conv]
    padding: Padding
    labels: Sequence[str]
    places: Places = EVERYWHERE

    @property
    def entry(self) -> int:
        """The first of MobileNetV2's stages among its layers."""
        return min(int(name.split(".")[0]) for name in self.convs if name in mobilenet_v2.LAYERS)


def plan_of(given: Given, shape: Shape, classes: int) -> Plan:
    """The plan of a classifier's tail that there is, behind features of this shape."""
    return Plan(
        shape,
        given.entry,
        mobilenet_v2.STITCH in given.convs,
        given.padding,
        classes,
        given.places,
    )


def stored(config: Training, task: str) -> TailEntry:
    """The tail of this trunk that is in the store. Raises WeightsError."""
    return store_of(config).tail(config.trunk, config.set, task)


def start_of(config: Training) -> TailEntry:
    """The tail that a training with one of the starts STORED begins with. Raises WeightsError."""
    with _asked_for(f"the start {config.start}", "--start"):
        if config.start == SIBLING:
            return store_of(config).tail(config.trunk, config.donor, config.task)
        return stored(config, CLASSIFIER if config.start == CLASSIFIER else config.task)


@contextmanager
def _asked_for(what: str, flag: str) -> Iterator[None]:
    """Say of a part of the store that is not there what it would be for."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{what}: {error}; or name another with {flag}") from error


def given_of(entry: TailEntry) -> Given:
    """A tail of the store as weights to start from."""
    content = entry.verified_path().read_bytes()
    return Given(from_onnx(content), padding_of(content), entry.labels(), places_of(content))


def padding_of(content: bytes) -> Padding:
    """How the convolutions of stride 2 pad in an ONNX trunk or tail."""
    graph = _graph(content)
    for node in graph.node:
        pads = [list(a.ints) for a in node.attribute if a.name == "pads"]
        if node.op_type == "Conv" and any(sides[:2] != sides[2:] for sides in pads):
            return "tf-same"
    window = _window(graph)
    # of a middle, whose border is there, kernels at even places are those that pad none before
    return "tf-same" if window and window.first % 2 == 0 else "symmetric"


def places_of(content: bytes) -> Places:
    """`Given.places` of an ONNX tail. Raises WeightsError for a middle that is none."""
    graph = _graph(content)
    grid, last = (_grid(graph, name) for name in (RESAMPLED, LAST_RESAMPLED))
    window = _window(graph)
    return Places(grid, last, window.size // 2 if window else 0)  # 3 places each, at every other


def _graph(content: bytes) -> Any:  # noqa: ANN401 (ONNX's)
    import onnx

    return onnx.load_from_string(content).graph


def _window(graph: Any) -> Window | None:  # noqa: ANN401 (ONNX's)
    """What the first stage reads of the map that enters it, where it makes the middle alone.

    Raises WeightsError where that is no middle.
    """
    from onnx.numpy_helper import to_array

    constants = {it.name: it for it in graph.initializer}
    if f"{MIDDLE}.starts" not in constants:
        return None
    first, end = (int(to_array(constants[f"{MIDDLE}.{it}"])[0]) for it in ("starts", "ends"))
    reach = int(f"{mobilenet_v2.STITCH}.weight" in constants)  # of a kernel of 3 places
    window = Window(first + reach, end - first - 2 * reach)
    before = middle(-(-_side(graph) // 2), window.size // 2).first * 2 - window.first
    if window.size < 3 or window.size % 2 == 0 or before not in (0, 1):
        raise WeightsError(
            f"a tail that reads the places {first} to {end} a side: expected those around the "
            "centre; make it again"
        )
    return window


def _side(graph: Any) -> int:  # noqa: ANN401 (ONNX's)
    """Places a side of the map of which the middle is made."""
    features = graph.input[0].type.tensor_type.shape.dim  # (N, C, H, W)
    return _grid(graph, RESAMPLED) or int(features[2].dim_value)


def _grid(graph: Any, name: str) -> int:  # noqa: ANN401 (ONNX's)
    """Places a side behind the resampling `name`; 0: there is none."""
    widths = {it.name: int(it.dims[1]) for it in graph.initializer if len(it.dims) == 2}
    return widths.get(name) or isqrt(widths.get(f"{name}.whole", 0))


def trunk_padding(config: Training) -> Padding:
    """How the trunk in the output folder pads, be it a published one or one that was made here."""
    entry = ModelStore((Path(config.output),)).trunk(config.trunk, config.set)
    return padding_of(entry.verified_path().read_bytes())


def words_of(entry: TailEntry) -> str:
    """Where a tail of the store is from, for a card of what starts from it."""
    return f"the tail {entry.model}, from {terms(entry.card.text())}"


def terms(card: str) -> str:
    """A card's lines on origin and licence in one, with the lines that go on with them.

    What a training says of its own work is left out: the card that is to be written says it again.
    """
    found: list[str] = []
    inside = False
    for line in card.splitlines():
        if line.startswith("* "):
            inside = line.startswith(("* Origin:", "* Licence:")) and line not in OURS
        if inside and line.strip():
            found.append(line.strip().removeprefix("* ").removeprefix("Origin: "))
    return " ".join(found)


class Teacher:
    """A whole network of the store: trunk and classifier tail."""

    def __init__(self, config: DistilTraining) -> None:
        store = store_of(config)
        with _asked_for("the teacher", "--teacher"):
            self.entry = store.tail("mobilenet_v2", config.teacher, CLASSIFIER)
            self._trunk = trunks.load(
                "mobilenet_v2", config.teacher, store=store, threads=config.threads
            )
        content = self.entry.verified_path().read_bytes()
        self._tail: Network = running(_with_output(content, POOLED), config.threads)

    @property
    def made_by(self) -> str:
        """All that its answers depend on: pruned tails and others stand behind the same trunk."""
        return f"{self._trunk.spec.digest} {self.entry.sha256}"

    def answers(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (N, classes) and pooled features (N, 1280) of pixels (N, 3, 224, 224)."""
        logits, pooled = self._tail.run(features(self._trunk, pixels))
        return logits, pooled


def _with_output(content: bytes, name: str) -> bytes:
    """The model with one of its inner tensors as another output."""
    import onnx

    model = onnx.load_from_string(content)
    if not any(name in node.output for node in model.graph.node):
        raise WeightsError(f"the teacher's tail has no tensor {name}: expected a MobileNetV2")
    info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    model.graph.output.append(info)
    return bytes(model.SerializeToString())
