"""A tail's figures behind features that arrived in several ways, each with its interval.

The drop of a way is taken picture by picture: resamples keep the same pictures for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline import codecs, pipeline, quantize
from trunkline.engines.abc import Network
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_training import bootstrap, pictures
from trunkline_training.average_precision import mean_average_precision
from trunkline_training.coco import VOC_NAMES
from trunkline_training.datasets import Picture
from trunkline_training.grading import found_in, graded
from trunkline_training.progress import progress
from trunkline_training.voc import CLASSES

BATCH, SEED, QP = 16, 1, 35
Metrics = dict[str, float]
Rows = Sequence[Mapping[str, Any]]
Floats = NDArray[np.float64]
Way = Callable[[Tensor], Tensor]


class Judge(ABC):
    """What one picture's output is worth, and many."""

    @abstractmethod
    def row(self, output: Tensor, truth: Any) -> dict[str, Any]:  # noqa: ANN401
        """One picture's share of the figures; `output` is the tail's for it alone."""

    @abstractmethod
    def values(self, rows: Rows, weights: Floats) -> dict[str, Floats]:
        """Each figure in percent, (B,), with pictures weighted (B, N)."""


class TopJudge(Judge):
    """Top-1 and Top-5 of logits (1, classes) against a class index."""

    def row(self, output: Tensor, truth: Any) -> dict[str, Any]:  # noqa: ANN401
        """Whether the best answer is right, and one of the best five."""
        best = np.argsort(-output[0], kind="stable")[:5]
        return {"top1": float(best[0] == truth), "top5": float(truth in best)}

    def values(self, rows: Rows, weights: Floats) -> dict[str, Floats]:
        """Weighted means."""
        total = weights.sum(axis=1)
        right = {name: np.array([row[name] for row in rows]) for name in ("top1", "top5")}
        return {name: 100 * (weights @ column) / total for name, column in right.items()}


class BoxJudge(Judge):
    """VOC's mAP at IoU 0.5, by 11 points and by all, of detections with the tail's `labels`."""

    def __init__(self, labels: Sequence[str]) -> None:
        names = [VOC_NAMES.get(label, label) for label in labels]
        self._voc = [CLASSES.index(name) if name in CLASSES else -1 for name in names]

    def row(self, output: Tensor, truth: Any) -> dict[str, Any]:  # noqa: ANN401
        """Graded detections of VOC's classes."""
        known = [(self._voc[label], score, box) for label, score, box in found_in(output)]
        return {
            "found": graded([item for item in known if item[0] >= 0], truth),
            "objects": [item[0] for item in truth if not item[-1]],
        }

    def values(self, rows: Rows, weights: Floats) -> dict[str, Floats]:
        """Both means."""
        return {
            "map": mean_average_precision(rows, weights),
            "map_all_points": mean_average_precision(rows, weights, all_points=True),
        }


def judge(detects: bool, labels: Sequence[str]) -> Judge:
    """What judges the outputs of a detector, or of a classifier."""
    return BoxJudge(labels) if detects else TopJudge()


def through_8_bits(features: Tensor) -> Tensor:
    """A batch of feature tensors as a task gets them when nothing but quantisation is lossy."""
    return np.stack([quantize.dequantize(quantize.minmax(tensor, bits=8)) for tensor in features])


def ways(trunk: Trunk) -> dict[str, Way]:
    """As they are, behind 8 bits, behind BPG at qp 35. Raises MissingExtraError without BPG."""
    codec = codecs.get("bpg", qp=QP)

    def coded(tensors: Tensor) -> Tensor:
        frames = [pipeline.pack(tensor, trunk.spec, codec) for tensor in tensors]
        return np.stack([pipeline.unpack(frame) for frame in frames])

    return {"": lambda tensors: tensors, "8bit": through_8_bits, f"bpg{QP}": coded}


BEFORE = "before"


def measure(
    trunk: Trunk,
    tail: Network,
    chosen: Sequence[Picture],
    judged_by: Judge,
    detector: bool,
    before: Network | None = None,
) -> Metrics:
    """Every figure `x` with `x_low` and `x_high`, `x_WAY` and `x_WAY_drop` with theirs.

    In percent; a drop is in points, negative where something was lost; 95 % of the resamples lie
    between low and high. Where there is a tail `before` this one, `x_before` is its figure, and
    `x_change` what came of it, in points as a drop.
    """
    kinds = {way: (change, tail) for way, change in ways(trunk).items()}
    if before is not None:
        kinds[BEFORE] = (kinds[""][0], before)
    rows: dict[str, list[dict[str, Any]]] = {way: [] for way in kinds}
    batches = pictures.batches([it.path for it in chosen], [trunk.spec.preprocess], BATCH)
    total = -(-len(chosen) // BATCH)
    for number, (batch,) in enumerate(progress(batches, total, "test pictures")):
        features = trunk.forward(batch)
        for way, (change, network) in kinds.items():
            output = network.run(change(features))[0]
            for index in range(len(batch)):
                own = output[output[:, 0] == index] if detector else output[index : index + 1]
                rows[way].append(judged_by.row(own, chosen[number * BATCH + index].truth))
    return {"pictures": float(len(chosen)), **_summary(rows, judged_by)}


def _summary(rows: Mapping[str, Rows], judged_by: Judge) -> Metrics:
    count = len(rows[""])
    weights = np.concatenate([np.ones((1, count)), bootstrap.weights(count, SEED)])
    plain = judged_by.values(rows[""], weights)
    result: Metrics = {}
    for way, found in rows.items():
        for name, values in judged_by.values(found, weights).items():
            if not way:
                result |= _interval(name, values)
                continue
            result[f"{name}_{way}"] = round(float(values[0]), 2)
            if way == BEFORE:
                result |= _interval(f"{name}_change", plain[name] - values)
            else:
                result |= _interval(f"{name}_{way}_drop", values - plain[name])
    return result


def _interval(name: str, values: Floats) -> Metrics:
    """The figure itself, which comes first, and where 95 % of its resamples lie."""
    resampled = values[1:][~np.isnan(values[1:])]
    low, high = bootstrap.interval(resampled) if len(resampled) else (np.nan, np.nan)
    figures = {name: float(values[0]), f"{name}_low": low, f"{name}_high": high}
    return {key: round(value, 2) for key, value in figures.items()}
