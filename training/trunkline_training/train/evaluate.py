"""`trunkline train evaluate`: the figures of a tail of the model store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trunkline import trunks
from trunkline.weights.store import ModelStore
from trunkline_training import figures
from trunkline_training.datasets import BOXES, CLASSES
from trunkline_training.figures import Metrics
from trunkline_training.networks import running
from trunkline_training.train import collection

DETECTIONS = "detections"


def evaluate(
    models: Path | None, trunk: str, weights: str, task: str, test: Sequence[str], threads: int
) -> Metrics:
    """Figures with intervals: as it is, behind 8 bits, behind BPG. Raises TrunklineError.

    The tail is of the model folder `models`, or of the user's store and the released bundle.
    """
    import onnx

    store = ModelStore.of(models)
    entry = store.tail(trunk, weights, task)
    content, labels = entry.verified_path().read_bytes(), entry.labels()
    outputs = [item.name for item in onnx.load_from_string(content).graph.output]
    detects = DETECTIONS in outputs
    pictures = collection.pictures(test, BOXES if detects else CLASSES, labels)
    loaded = trunks.load(trunk, weights, store=store, threads=threads)
    judge = figures.judge(detects, labels)
    return figures.measure(loaded, running(content, threads), pictures, judge, detects)
