"""The line of a packaged classifier: trunk, tail, and the ways on which features get there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trunkline import codecs, engines, images, pipeline, trunks, wire
from trunkline.codecs import FeatureCodec, PictureCodec
from trunkline.codecs.spelled import parse
from trunkline.engines import Network
from trunkline.errors import WeightsError
from trunkline.files import read_bytes
from trunkline.text import one_line
from trunkline.trunks import Trunk
from trunkline.types import Tensor, TrunkSpec
from trunkline.weights.package import CLASSIFIER, Package, require_fit
from trunkline.weights.store import ModelStore

LONGEST = 200
"""Characters of what an engine says."""


@dataclass(frozen=True)
class Way:
    """One way of sending features: a codec, named as it is spelled."""

    name: str
    codec: FeatureCodec | PictureCodec

    def send(self, features: Tensor, spec: TrunkSpec) -> tuple[Tensor, int]:
        """What arrives of a (C, H, W) tensor, and the bytes of its frame."""
        frame = pipeline.pack(features, spec, self.codec)
        return pipeline.unpack(frame), len(wire.frame_to_bytes(frame))


def eight_bits() -> Way:
    """Samples of 8 bits and no codec behind them."""
    return Way("8 bits", codecs.get("raw"))


def ways(spelled: Sequence[str]) -> tuple[Way, ...]:
    """A way for each codec, written `bpg:qp=35`.

    Raises UnknownNameError, ParameterError, MissingExtraError.
    """
    return tuple(_way(text) for text in dict.fromkeys(spelled))


def _way(text: str) -> Way:
    id, params = parse(text)
    return Way(text, codecs.get(id, **params))


@dataclass(frozen=True)
class Line:
    """A trunk and a classifier's tail behind it, features (1, C, H, W) -> logits (1, labels)."""

    trunk: Trunk
    tail: Network
    labels: tuple[str, ...]

    def features(self, path: Path) -> Tensor:
        """A picture's (C, H, W) features, as an edge makes them. Raises ImageError."""
        picture = images.read(read_bytes(path), enough=self.trunk.enough_pixels)
        # (3, H, W) -> (1, 3, H, W) and back
        tensor: Tensor = self.trunk.forward(self.trunk.preprocess(picture.image)[None])[0]
        return tensor

    def answer(self, features: Tensor) -> tuple[int, float]:
        """The most probable class of (C, H, W) features and its softmax, 0..1.

        One picture at a time: any tail takes that. Raises WeightsError for logits that are not
        finite.
        """
        logits = self.tail.run(features[None])[0][0].astype(np.float64)  # (1, K) -> (K,)
        if not np.isfinite(logits).all():
            raise WeightsError("the tail gives NaN or Inf: expected finite logits; make it again")
        best = int(logits.argmax())
        return best, float(1 / np.exp(logits - logits[best]).sum())


def load(package: Package, *, threads: int = 0, store: ModelStore | None = None) -> Line:
    """A package's tail behind its trunk of the store, both on the engine that serves.

    Raises WeightsError: no classifier, a damaged file, no such trunk, or one of a digest that the
    tail does not accept.
    """
    tail = package.tail
    if package.kind != CLASSIFIER:
        raise WeightsError(
            f"a packaged {package.kind}: expected a {CLASSIFIER}; others have no accuracy"
        )
    trunk = trunks.load(tail.trunk, tail.set, threads=threads, store=store)
    require_fit(tail, trunk.spec, tail.path)
    network = engines.load(engines.DEFAULT_ENGINE, tail.verified_path(), threads=threads)
    labels = tail.labels()
    _try(network, trunk.spec, len(labels), str(tail.path))
    return Line(trunk, network, labels)


def _try(network: Network, spec: TrunkSpec, labels: int, source: str) -> None:
    """Raise WeightsError unless the tail gives a logit for each label."""
    try:
        shapes = [output.shape for output in network.run(np.zeros((1, *spec.shape), np.float32))]
    except Exception as error:  # engines have exceptions of their own
        raise WeightsError(
            f"{source} cannot be run on a tensor of {spec.shape}: {one_line(str(error), LONGEST)}"
        ) from error
    if shapes != [(1, labels)]:
        raise WeightsError(f"{source} gives {shapes}: expected logits (1, {labels}); make it again")
