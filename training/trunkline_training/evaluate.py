"""`trunkline fit evaluate`: what the tails of the model store score."""

from __future__ import annotations

from pathlib import Path

from trunkline import engines, trunks
from trunkline.weights.store import ModelStore
from trunkline_training import scoring
from trunkline_training.scoring import Metrics, Pair


def evaluate(
    store: ModelStore,
    trunk: str,
    weights: str,
    *,
    data: Path,
    task: str = "",
    threads: int = 0,
) -> dict[str, Metrics]:
    """Metrics of one tail, or of every tail of a set, by task; WeightsError where there is none."""
    tails = [store.tail(trunk, weights, task)] if task else store.manifest(trunk, weights).tails
    loaded = trunks.load(trunk, weights, store=store, threads=threads)
    result = {}
    for tail in tails:
        network = engines.load("openvino", tail.verified_path(), threads=threads)
        result[tail.task] = scoring.score(tail.task, Pair(loaded, network, tail.labels()), data)
    return result
