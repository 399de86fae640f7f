"""How much faster the serving engine runs the frozen layers than plain PyTorch."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trunkline import engines
from trunkline.engines.abc import Network
from trunkline_training.making.learning.settings import Making
from trunkline_training.making.learning.source import Source

BATCH, REPEATS = 4, 6


@dataclass(frozen=True)
class FrozenSpeed:
    """Milliseconds a picture of the trunk and the frozen layers behind it."""

    engine: str
    engine_ms: float
    torch_ms: float

    def text(self) -> str:
        """In words."""
        return (
            f"frozen layers: {self.engine_ms:.1f} ms a picture with {self.engine}, "
            f"{self.torch_ms:.1f} ms in PyTorch ({self.torch_ms / self.engine_ms:.1f}x)"
        )


def measure(source: Source, settings: Making) -> FrozenSpeed:
    """Both on the same batches of noise, by turns, in f32, on as many threads."""
    threads = settings.threads
    contents = [source.trunk_entry.verified_path().read_bytes()]
    front = source.front(settings.trained_from)
    contents += [] if front is None else [front]
    found: dict[str, list[float]] = {engine: [] for engine in (source.trunk.engine, "torch")}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.onnx" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        chains = {
            engine: [engines.load(engine, path, threads=threads) for path in paths]
            for engine in found
        }
        for _ in range(REPEATS):
            for engine, chain in chains.items():
                found[engine].append(_seconds(chain, source))
    # the least, as timeit has it: other work on the machine only ever adds to it
    ours, plain = (1000 * min(times) / BATCH for times in found.values())
    return FrozenSpeed(source.trunk.engine, ours, plain)


def _seconds(chain: list[Network], source: Source) -> float:
    height, width = source.trunk.spec.preprocess.size
    batch = np.random.default_rng(1).normal(size=(BATCH, 3, height, width)).astype(np.float32)
    start = time.perf_counter()
    for network in chain:
        (batch,) = network.run(batch)
    return time.perf_counter() - start
