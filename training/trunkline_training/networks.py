"""Published networks as engines run them, while a tail is being fitted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trunkline import engines
from trunkline.engines.abc import Network as Running
from trunkline.trunks import Trunk
from trunkline.types import Tensor, TrunkSpec
from trunkline.weights import sets, sources
from trunkline.weights.files import Report
from trunkline.weights.sets import Network, WeightSet

TRUNK = "mobilenet_v2"

Forward = Callable[[Tensor], Tensor]
"""A batch in, the network's one output out."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit gives: the trunk's published network, the tail as ONNX, how the fit went."""

    weights: WeightSet
    network: Network
    content: bytes
    metrics: dict[str, float]


def published(name: str, report: Report, trunk: str = TRUNK) -> tuple[WeightSet, Network]:
    """A weight set of `trunk` and its network, from wherever `weights` finds it."""
    weights = sets.get(trunk, name)
    source, path = sources.resolve(weights.sources(), report)
    report(f"reading {path}")
    return weights, weights.read(source, path)


def running(content: bytes, threads: int) -> Running:
    """An ONNX model on OpenVINO in f32."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(content)
        return engines.load("openvino", path, precision="f32", threads=threads)


def trunk(weights: WeightSet, network: Network, threads: int) -> Trunk:
    """The trunk of a network just read, without a model store."""
    spec = TrunkSpec(
        name=weights.trunk,
        set=weights.name,
        cut=weights.cut,
        shape=weights.shape,
        digest=sets.digest(weights, network),
        preprocess=weights.preprocess,
    )
    return Trunk(spec, running(weights.trunk_model(network), threads))


def chain(*networks: Running) -> Forward:
    """The first output of each network fed to the next."""

    def forward(batch: Tensor) -> Tensor:
        for network in networks:
            batch = network.run(batch)[0]
        return batch

    return forward
