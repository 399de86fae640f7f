"""The pictures and trunks of a run, and the features that come of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from trunkline import trunks
from trunkline.errors import ParameterError
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.codecs.rate import TASK
from trunkline_benchmarks.features import FeatureCache
from trunkline_training import pictures

DEFAULT = "default"
SHARED = Path(os.environ.get("TRUNKLINE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
VALIDATION = SHARED / "data" / "imagenet_val_1300"
TRUNKS = tuple(f"{name}/{trunks.kind(name).default_set}" for name in trunks.TRUNKS)


@dataclass(frozen=True)
class Pictures:
    """What is measured on: the folder's name, and the files."""

    name: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Source:
    """One trunk's feature tensors, `count` of them, and whether the store has its classifier."""

    trunk: str
    set: str
    digest: str
    cut: str
    shape: tuple[int, int, int]
    features: Path
    count: int
    tail: bool

    @property
    def name(self) -> str:
        """As results have it."""
        return f"{self.trunk}/{self.set}"


def find(images: str, limit: int) -> Pictures:
    """`limit` pictures (0: all), evenly spread over the sorted files below a folder.

    `default` is the shared validation set, or, where there is none, the demo's photographs.
    """
    if limit < 0:
        raise ParameterError(f"limit is {limit}: expected 0 (all pictures) or more")
    if images == DEFAULT and not VALIDATION.is_dir():
        print(f"no folder {VALIDATION}: measuring the demo's photographs", file=sys.stderr)
        images = str(files("trunkline.demo") / "pictures")
    folder = VALIDATION if images == DEFAULT else Path(images)
    found = pictures.folder(folder)
    count = min(limit or len(found), len(found))
    return Pictures(
        folder.resolve().name, tuple(found[number * len(found) // count] for number in range(count))
    )


def source(name: str, paths: Sequence[Path], cache: FeatureCache) -> Source:
    """The features of `TRUNK/SET`, or of a trunk's default set.

    Raises UnknownNameError, WeightsError (with the command that builds it), ImageError.
    """
    trunk_name, _, set = name.partition("/")
    set = trunks.kind(trunk_name).set_or_own(set)
    store = ModelStore.default()
    trunk = trunks.load(trunk_name, set, store=store, threads=1)
    features = cache.features(trunk, paths)
    tails = [tail.task for tail in store.manifest(trunk_name, set).tails]
    return Source(
        trunk=trunk_name,
        set=set,
        digest=trunk.spec.digest,
        cut=trunk.spec.cut,
        shape=trunk.spec.shape,
        features=Path(str(features.filename)),
        count=len(features),
        tail=TASK in tails,
    )
