"""Published networks, and ONNX models as they run while a tail is made."""

from __future__ import annotations

import tempfile
from pathlib import Path

from trunkline import engines
from trunkline.engines.abc import Network as Running
from trunkline.weights import sets, sources
from trunkline.weights.files import Report
from trunkline.weights.sets import Network, WeightSet


def published(trunk: str, name: str, report: Report) -> tuple[WeightSet, Network]:
    """A weight set of `trunk` and its network, from wherever `weights` finds it."""
    weights = sets.get(trunk, name)
    source, path = sources.resolve(weights.sources(), report)
    report(f"reading {path}")
    return weights, weights.read(source, path)


def running(content: bytes, threads: int) -> Running:
    """An ONNX model on the engine that serves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(content)
        return engines.load(engines.DEFAULT_ENGINE, path, threads=threads)
