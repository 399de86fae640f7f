"""The whole accounting of one trunk's network: counted, measured, shared, chosen."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from trunkline import trunks
from trunkline.codecs import FeatureCodec
from trunkline.errors import ParameterError, WeightsError
from trunkline.weights import sets
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.plan import counts, measure, tails, timing
from trunkline_benchmarks.plan.choice import Option
from trunkline_benchmarks.plan.counts import CutCount
from trunkline_benchmarks.plan.measure import Coding, Measured
from trunkline_benchmarks.plan.options import options
from trunkline_benchmarks.plan.real import RealNetwork
from trunkline_benchmarks.plan.sharing import Tails
from trunkline_benchmarks.plan.speeds import Speed


@dataclass(frozen=True)
class Settings:
    """How to measure, and how fast edge and cloud are."""

    codec: FeatureCodec
    pictures: Sequence[Image.Image]
    engine: str
    threads: int
    rounds: int
    edge: Speed
    cloud: Speed

    def __post_init__(self) -> None:
        for name, value in (("threads", self.threads), ("rounds", self.rounds)):
            if value < 1:
                raise ParameterError(f"{name} is {value}: expected 1 or more")


@dataclass(frozen=True)
class NetworkPlan:
    """Everything about one trunk's network; `measured` and `options` only where asked for."""

    trunk: str
    set: str
    cut: str
    counts: Sequence[CutCount]
    published: Sequence[Tails]
    stored: Sequence[Tails]
    uncounted: Sequence[str]
    measured: Measured | None = None
    options: Sequence[Option] = ()

    @property
    def own(self) -> CutCount:
        """The counts at the product's cut."""
        return next(count for count in self.counts if count.cut.name == self.cut)


def plan(trunk: str, set: str | None, settings: Settings | None) -> NetworkPlan:
    """Count, and with `settings` measure and choose. Raises UnknownNameError, WeightsError."""
    kind = trunks.kind(trunk)
    chosen = kind.set_or_own(set)
    counted = counts.count(trunk)
    own = next(count for count in counted if count.cut.name == kind.cut)
    stored, uncounted = tails.stored(trunk)
    published = tails.published(trunk, own)
    found = NetworkPlan(trunk, chosen, kind.cut, counted, published, stored, uncounted)
    if settings is None:
        return found
    measured = measure_network(trunk, chosen, settings)
    ways = options(counted, measured, settings.edge, settings.cloud)
    return replace(found, measured=measured, options=ways)


def measure_network(trunk: str, set: str, settings: Settings) -> Measured:
    """Bytes, coding times and network times of every cut that can be had."""
    with tempfile.TemporaryDirectory() as folder:
        codings, why = _code(trunk, set, Path(folder), settings)
        whole_ms, timings = timing.time_cuts(
            trunk, Path(folder), settings.engine, settings.threads, settings.rounds
        )
    jpeg = measure.code_pictures(settings.pictures)
    return Measured(jpeg, codings, timings, whole_ms, why)


def _code(trunk: str, set: str, folder: Path, settings: Settings) -> tuple[dict[str, Coding], str]:
    """Codings by cut, and why some are missing: bytes of drawn weights' features mean nothing."""
    try:
        ModelStore.default().manifest(trunk, set)
    except WeightsError as error:
        sets.get(trunk, set)  # a set that nobody knows is an error, one that is not built is not
        return {}, str(error)
    network = RealNetwork(trunk, set, folder, settings.engine, settings.threads)
    why = (
        "no tail of the model store, and no file of published weights on this machine, holds that "
        f"layer behind {trunk}/{set}"
    )
    return measure.code_cuts(network, settings.codec, settings.pictures), why
