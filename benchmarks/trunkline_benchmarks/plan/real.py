"""Real tensors at every cut that the model store reaches: what can be coded for its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from trunkline import engines, trunks
from trunkline.engines.abc import Network
from trunkline.errors import WeightsError
from trunkline.trunks.trunk import preprocess
from trunkline.types import Tensor
from trunkline.weights.manifest import Manifest
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.plan import later, layers
from trunkline_benchmarks.plan.layers import Cut
from trunkline_benchmarks.plan.networks import IMAGE, LOGITS, Sliced

FEATURES = "features"
"""The tensor between a trunk and its tails, by the name that both give it."""
TASK = "classifier"
"""The task whose tail is the rest of the trunk's own network."""


class RealNetwork:
    """The store's trunk and its classifier behind it, giving every cut's tensor of a picture.

    `cuts` are those that it reaches; behind the trunk they are the tail's own, or those of the
    published weights where these are on this machine. Raises WeightsError where the store has no
    such trunk, EngineError, MissingExtraError.
    """

    def __init__(self, trunk: str, set: str, folder: Path, engine: str, threads: int) -> None:
        store, kind = ModelStore.default(), trunks.kind(trunk)
        manifest = store.manifest(trunk, set)
        kind.check(manifest.trunk.spec)
        self._recipe = manifest.trunk.spec.preprocess
        self._engine, self._threads, self._folder = engine, threads, folder
        wanted = layers.cuts(trunk)
        last = [cut.name for cut in wanted].index(kind.cut) + 1
        path = manifest.trunk.verified_path()
        self._parts = [self._tapped(path, IMAGE, FEATURES, wanted[:last])]
        for path in _behind(manifest, folder):
            part = self._tapped(path, FEATURES, LOGITS, wanted[last:])
            if part[1]:
                self._parts.append(part)
                break
        self.cuts = tuple(cut for _, taps in self._parts for cut in taps)

    def tensors(self, image: Image.Image) -> dict[str, Tensor]:
        """The tensor (C, H, W) float32 at each cut that is reached, by the cut's name."""
        batch = preprocess(self._recipe, image)[None]
        found = {}
        for network, taps in self._parts:
            batch, *outputs = network.run(batch)
            for cut, output in zip(taps, outputs, strict=True):
                if output.shape != (1, *cut.shape):
                    raise WeightsError(
                        f"the store's model gives {output.shape[1:]} at {cut.name}: expected "
                        f"{cut.shape}; build it again with: trunkline weights build"
                    )
                found[cut.name] = np.ascontiguousarray(output[0])
        return found

    def _tapped(
        self, path: Path, start: str, end: str, cuts: Sequence[Cut]
    ) -> tuple[Network, tuple[Cut, ...]]:
        """A model that gives its own output first, then the tensor of each cut that it holds."""
        model = Sliced(path)
        taps = tuple(cut for cut in cuts if cut.tensor in model.tensors)
        target = self._folder / f"tapped-{path.name}"
        model.part(target, start, end, *(cut.tensor for cut in taps))
        return engines.load(self._engine, target, threads=self._threads), taps


def _behind(manifest: Manifest, folder: Path) -> Iterator[Path]:
    """Models that may hold the rest of the trunk's own network, the store's first."""
    yield from (tail.verified_path() for tail in manifest.tails if tail.task == TASK)
    content = later.model(manifest.trunk.name, manifest.trunk.set)
    if content is not None:
        path = folder / "later.onnx"
        path.write_bytes(content)
        yield path
