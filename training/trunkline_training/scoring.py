"""What a tail scores: from float features, and from features that went through 8 bits."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trunkline import quantize
from trunkline.engines.abc import Network
from trunkline.errors import TrunklineError
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_training import pictures, voc
from trunkline_training.coco import VOC_NAMES
from trunkline_training.progress import progress

BATCH = 16

Metrics = dict[str, float]


def through_8_bits(features: Tensor) -> Tensor:
    """A batch of feature tensors as a task gets them when nothing but quantisation is lossy."""
    return np.stack([quantize.dequantize(quantize.minmax(tensor, bits=8)) for tensor in features])


@dataclass(frozen=True)
class Pair:
    """A trunk and a tail that run."""

    trunk: Trunk
    tail: Network
    labels: Sequence[str]

    def outputs(self, paths: Sequence[Path], what: str) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Per batch: its first picture's number, and the tail's output from both features."""
        batches = pictures.batches(paths, [self.trunk.spec.preprocess], BATCH)
        total = -(-len(paths) // BATCH)
        for number, (batch,) in enumerate(progress(batches, total, what)):
            features = self.trunk.forward(batch)
            exact, coded = self.tail.run(features)[0], self.tail.run(through_8_bits(features))[0]
            yield number * BATCH, exact, coded


def classifier(pair: Pair, root: Path) -> Metrics:
    """Top-1 and Top-5 in percent on the picture folder `root` with its `manifest.csv`."""
    path = root / "manifest.csv"
    if not path.is_file():
        raise TrunklineError(f"{path} is missing: expected the validation pictures' list")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = np.array([int(row["class_index"]) for row in rows])
    outputs = list(pair.outputs([root / row["path"] for row in rows], "classifier"))
    exact = np.concatenate([logits for _, logits, _ in outputs])
    coded = np.concatenate([logits for _, _, logits in outputs])
    return {
        "pictures": len(truth),
        "top1": top(exact, truth, 1),
        "top5": top(exact, truth, 5),
        "top1_8bit": top(coded, truth, 1),
        "top5_8bit": top(coded, truth, 5),
    }


def top(logits: Tensor, truth: np.ndarray[tuple[int], np.dtype[np.int64]], count: int) -> float:
    """Percent of rows (N, classes) whose true class is among the `count` best."""
    best = np.argsort(-logits, axis=1, kind="stable")[:, :count]
    return round(100 * float((best == truth[:, None]).any(axis=1).mean()), 2)


def ssd(pair: Pair, root: Path, split: str = "test") -> Metrics:
    """VOC2007's 11-point mAP at IoU 0.5 in percent on one split of the folder `root`."""
    ids = pictures.voc_ids(root, split)
    exact: list[voc.Found] = []
    coded: list[voc.Found] = []
    for start, rows, rows_8bit in pair.outputs(pictures.voc(root, split), "ssd"):
        exact += found(rows, ids[start:], pair.labels)
        coded += found(rows_8bit, ids[start:], pair.labels)
    truths = voc.objects(root, ids)
    return {
        "pictures": len(ids),
        "map": round(voc.mean_average_precision(truths, exact)[0], 2),
        "map_8bit": round(voc.mean_average_precision(truths, coded)[0], 2),
    }


def found(rows: Tensor, ids: Sequence[str], labels: Sequence[str]) -> list[voc.Found]:
    """Rows (picture, label, score, x1, y1, x2, y2) of VOC classes, whatever they are called."""
    result = []
    for picture, label, score, x1, y1, x2, y2 in rows.tolist():
        name = VOC_NAMES.get(labels[int(label)], labels[int(label)])
        if name in voc.CLASSES:
            result.append(voc.Found(ids[int(picture)], name, score, (x1, y1, x2, y2)))
    return result


Scorer = Callable[[Pair, Path], Metrics]
SCORERS: dict[str, tuple[Scorer, Sequence[str]]] = {
    "classifier": (classifier, ("imagenet_val_1300",)),
    "ssd": (ssd, ("VOCdevkit", "VOC2007")),
}
"""Per task: what scores it, and where its pictures lie below the data folder."""


def score(task: str, pair: Pair, data: Path) -> Metrics:
    """The task's metrics on its validation pictures below `data`."""
    scorer, parts = SCORERS[task]
    return scorer(pair, data.joinpath(*parts))


def lines(metrics: Metrics) -> Iterable[str]:
    """The metrics as Markdown list items."""
    for name, value in metrics.items():
        yield f"  * {name}: {value:g}"
