"""The published weight sets, one line each in the table, and how each becomes convolutions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path
from typing import Protocol, cast

from trunkline.errors import UnknownNameError, WeightsError
from trunkline.types import Preprocess, Shape
from trunkline.weights import remedy
from trunkline.weights.conv import Activation, Conv, Half, Padding
from trunkline.weights.digest import trunk_digest
from trunkline.weights.sources import Source


@dataclass(frozen=True, eq=False)
class Network:
    """A published network as read: its convolutions by layer name and its last linear layer."""

    convs: Mapping[str, Conv]
    linear: tuple[Half, Half] | None = None


class WeightSet(Protocol):
    """One set of weights for one trunk. `card` is the trunk's card in Markdown, without figures."""

    trunk: str
    name: str
    cut: str
    shape: Shape
    padding: Padding
    activation: Activation
    preprocess: Preprocess
    layers: Sequence[str]
    model: str
    card: str

    def sources(self) -> Sequence[Source]:
        """The files that hold it, in the order they are looked for."""

    def read(self, source: Source, path: Path) -> Network:
        """The network in one of those files; WeightsError where it is something else."""

    def trunk_model(self, network: Network) -> bytes:
        """The trunk as ONNX."""

    def tails(self) -> Mapping[str, str]:
        """How each of its tails is had: task name to the "module:function" of a recipe."""


TABLE: dict[tuple[str, str], str] = {
    ("mobilenet_v2", "keras-160"): "trunkline.weights.published.keras_160:Keras160",
    ("mobilenet_v2", "torchvision-v1"): "trunkline.weights.published.torchvision_v1:TorchvisionV1",
    ("vgg16", "oxford"): "trunkline.weights.published.oxford:Oxford",
}


def get(trunk: str, name: str) -> WeightSet:
    """One weight set; UnknownNameError (with the known ones) where there is no such set.

    Raises WeightsError where it is a set of another trunk. Needs no library beyond the core's.
    """
    if (trunk, name) not in TABLE:
        owners = [owner for owner, known in TABLE if known == name]
        if owners:
            raise WeightsError(f"no set {name} of trunk {trunk}: {remedy.for_missing(trunk, name)}")
        raise UnknownNameError("weight set", f"{trunk}/{name}", [f"{t}/{s}" for t, s in TABLE])
    module, attribute = TABLE[trunk, name].split(":")
    return cast(WeightSet, getattr(import_module(module), attribute)())


def digest(weights: WeightSet, network: Network) -> str:
    """The trunk digest of `network` as this set runs it."""
    return trunk_digest(
        [network.convs[layer] for layer in weights.layers],
        cut=weights.cut,
        shape=weights.shape,
        padding=weights.padding,
        activation=weights.activation,
        preprocess=weights.preprocess,
    )


@dataclass(frozen=True)
class Reference:
    """What a set's trunk is known to be: its digest and its responses to the probe picture."""

    digest: str
    probe: tuple[float, ...]


def reference(weights: WeightSet) -> Reference:
    """The committed reference of one set."""
    text = resources.files("trunkline.weights").joinpath("references.json").read_text("utf-8")
    data = json.loads(text)[f"{weights.trunk}/{weights.name}"]
    return Reference(data["digest"], tuple(data["probe"]))
