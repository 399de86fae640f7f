"""Milliseconds of a network's parts on either side of every cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from trunkline import engines
from trunkline.engines.abc import Network
from trunkline.types import Tensor
from trunkline_benchmarks.plan import layers, networks
from trunkline_benchmarks.plan.networks import IMAGE, LOGITS
from trunkline_training.progress import progress

Result = TypeVar("Result")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of the parts of a network before and behind a cut; one entry per round."""

    before_ms: list[float]
    after_ms: list[float]


@dataclass(frozen=True)
class Part:
    """A part of a network, a batch to run it on, and the milliseconds of every run so far."""

    network: Network
    batch: Tensor
    ms: list[float] = field(default_factory=list)

    def run(self) -> Tensor:
        """Run it twice and time the second run, whose weights lie in the caches; its output."""
        self.network.run(self.batch)
        outputs, taken_ms = timed(partial(self.network.run, self.batch))
        self.ms.append(taken_ms)
        return outputs[0]


class Parts:
    """A network in one piece, and cut everywhere: what lies before each cut and behind it.

    What lies behind the last cut is one piece that the others share: VGG16's dense layers would
    be 0.5 GB for each of them.
    """

    def __init__(self, trunk: str, folder: Path, engine: str, threads: int) -> None:
        """Write them to `folder` and load them; one picture at a time, `threads` threads."""
        load = partial(engines.load, engine, threads=threads)
        sliced, cuts = networks.write(trunk, folder), layers.cuts(trunk)
        image = np.random.default_rng(0).standard_normal((1, *layers.INPUT), np.float32)
        self.whole = Part(load(sliced.path), image)
        self.before: dict[str, Part] = {}
        self.behind: dict[str, Part] = {}
        last = cuts[-1]
        for cut in progress(cuts, len(cuts), f"loading {trunk}"):
            path = sliced.part(folder / f"{cut.name}-before.onnx", IMAGE, cut.tensor)
            self.before[cut.name] = Part(load(path), image)
            features = self.before[cut.name].run()
            end = LOGITS if cut is last else last.tensor
            path = sliced.part(folder / f"{cut.name}-behind.onnx", cut.tensor, end)
            self.behind[cut.name] = Part(load(path), features)
        self._last = last.name

    def round(self) -> None:
        """Run every part once: a machine that is busy for a while is so for all of them."""
        for part in self._all():
            part.run()

    def clear(self) -> None:
        """Forget all runs so far."""
        for part in self._all():
            part.ms.clear()

    def timings(self) -> dict[str, Timing]:
        """The milliseconds of every round, by cut."""
        end_ms = self.behind[self._last].ms
        found = {}
        for name, part in self.behind.items():
            both_ms = [one + other for one, other in zip(part.ms, end_ms, strict=True)]
            after_ms = end_ms if name == self._last else both_ms
            found[name] = Timing(self.before[name].ms, after_ms)
        return found

    def _all(self) -> list[Part]:
        return [self.whole, *self.before.values(), *self.behind.values()]


def time_cuts(
    trunk: str, folder: Path, engine: str, threads: int, rounds: int
) -> tuple[list[float], dict[str, Timing]]:
    """Milliseconds of the whole network, and of its parts by the name of the cut between them.

    The weights have no meaning (see `networks`). Raises UnknownNameError, EngineError.
    """
    parts = Parts(trunk, folder, engine, threads)
    parts.clear()  # an engine's first run is its slowest
    for _ in progress(range(rounds), rounds, f"timing {trunk}"):
        parts.round()
    return parts.whole.ms, parts.timings()


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What `work` gives, and its milliseconds."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1e3
