"""A classifier tried on labelled pictures, with features that arrive as they are and coded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from trunkline.errors import ParameterError, TrunklineError, UnknownNameError
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.trying import scores
from trunkline_training.making.trying.line import Line, Way
from trunkline_training.making.trying.scores import Calibration, Floats, Indices, Interval
from trunkline_training.progress import progress

FLOAT = "float"
"""The way of features that are sent as they are."""


@dataclass(frozen=True)
class Answer:
    """The label that was said, and its softmax, 0..1."""

    said: str
    confidence: float


@dataclass(frozen=True)
class Row:
    """A picture, its true label, and the answer of each way."""

    name: str
    true: str
    answers: Mapping[str, Answer]


@dataclass(frozen=True)
class WayFigures:
    """`scores.METRICS` in percent; `drops` against FLOAT picture by picture, in points.

    A drop is negative where something was lost. `frame_bytes` is the mean; FLOAT has no frame.
    """

    way: str
    frame_bytes: float | None
    figures: Mapping[str, Interval]
    drops: Mapping[str, Interval]


@dataclass(frozen=True)
class ClassFigures:
    """Of one class, by FLOAT: `taken_for` counts the wrong labels, most frequent first.

    `recall` and `precision` are in percent; no precision where it was never said.
    """

    label: str
    pictures: int
    recall: float
    precision: float | None
    taken_for: Mapping[str, int]


@dataclass(frozen=True)
class Evaluation:
    """All figures; FLOAT is the first way, and the one of calibration, confusion and classes.

    `absent` labels have no picture: they count in no macro figure. `confusion` has true labels
    as rows, said ones as columns, both in the order of `labels`.
    """

    labels: tuple[str, ...]
    absent: tuple[str, ...]
    ways: tuple[WayFigures, ...]
    calibration: Calibration
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    rows: tuple[Row, ...]

    @property
    def pictures(self) -> int:
        """How many were tested."""
        return len(self.rows)


def evaluate(line: Line, items: Sequence[Item], ways: Sequence[Way]) -> Evaluation:
    """Try every picture once on FLOAT and once on each of the ways.

    Raises TrunklineError for no pictures, UnknownNameError for a class that is no label,
    ParameterError for one that is several, ImageError.
    """
    true_labels(line.labels, items)  # before the work, not behind it
    names = [FLOAT, *(way.name for way in ways)]
    said = np.empty((len(names), len(items)), np.intp)
    confidence = np.empty(said.shape)
    sizes = np.empty((len(ways), len(items)))
    for place, (answers, sent) in enumerate(_tried(line, items, ways)):
        said[:, place], confidence[:, place] = zip(*answers, strict=True)
        sizes[:, place] = sent
    return _summary(line.labels, items, names, said, confidence, sizes.mean(axis=1))


def of_logits(labels: Sequence[str], items: Sequence[Item], logits: Floats) -> Evaluation:
    """The same of logits (N, labels) that came about in another way: FLOAT alone. Raises too."""
    said = logits.argmax(axis=1)[None]
    confidence = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).max(axis=1)
    return _summary(tuple(labels), items, [FLOAT], said, confidence[None], np.empty(0))


def _summary(
    labels: tuple[str, ...],
    items: Sequence[Item],
    names: Sequence[str],
    said: Indices,
    confidence: Floats,
    frame_bytes: Floats,
) -> Evaluation:
    """`said` and `confidence` are (ways, N), `frame_bytes` of the ways behind FLOAT."""
    truth = true_labels(labels, items)
    counts = scores.confusion(truth, said[0], len(labels))
    return Evaluation(
        labels=labels,
        absent=tuple(labels[place] for place in np.flatnonzero(counts.sum(axis=1) == 0)),
        ways=tuple(_figures(names, truth, said, frame_bytes)),
        calibration=scores.calibration(confidence[0], said[0] == truth),
        classes=tuple(_classes(labels, counts)),
        confusion=tuple(map(tuple, counts.tolist())),
        rows=tuple(_rows(labels, items, names, said, confidence)),
    )


def true_labels(labels: Sequence[str], items: Sequence[Item]) -> Indices:
    """The place of each picture's class among the labels, (N,); raises as `evaluate` does."""
    if not items:
        raise TrunklineError("no pictures to test on: expected at least one")
    for name in sorted({item.label for item in items}):
        if name not in labels:
            raise UnknownNameError("class", name, list(labels))
        if labels.count(name) > 1:
            raise ParameterError(
                f"class {name!r} is {labels.count(name)} of the task's labels: expected one; "
                "leave its pictures out"
            )
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places[item.label] for item in items], np.intp)


def _tried(
    line: Line, items: Sequence[Item], ways: Sequence[Way]
) -> Iterator[tuple[list[tuple[int, float]], list[int]]]:
    """Of each picture the answers on FLOAT and each way, and the ways' bytes."""
    with ThreadPoolExecutor() as pool:  # coding is what takes the time
        for item in progress(items, len(items), "pictures"):
            features = line.features(item.path)
            sent = list(pool.map(lambda way, x=features: way.send(x, line.trunk.spec), ways))
            tensors = [features, *(tensor for tensor, _ in sent)]
            yield [line.answer(tensor) for tensor in tensors], [size for _, size in sent]


def _figures(
    names: Sequence[str], truth: Indices, said: Indices, frame_bytes: Floats
) -> Iterator[WayFigures]:
    weights = scores.weightings(len(truth))
    plain = scores.values(truth, said[0], weights)
    own = {name: scores.bounded(column, len(truth)) for name, column in plain.items()}
    yield WayFigures(FLOAT, None, own, {})
    for way, answers, size in zip(names[1:], said[1:], frame_bytes, strict=True):
        found = scores.values(truth, answers, weights)
        figures = {name: scores.bounded(column, len(truth)) for name, column in found.items()}
        drops = {name: scores.interval(found[name] - plain[name]) for name in found}
        yield WayFigures(way, float(size), figures, drops)


def _classes(labels: Sequence[str], counts: Indices) -> Iterator[ClassFigures]:
    taken = counts.sum(axis=0)
    for place, row in enumerate(counts):
        if not row.sum():
            continue
        wrong = [other for other in np.argsort(-row, kind="stable") if row[other]]
        yield ClassFigures(
            label=labels[place],
            pictures=int(row.sum()),
            recall=float(100 * row[place] / row.sum()),
            precision=float(100 * row[place] / taken[place]) if taken[place] else None,
            taken_for={labels[other]: int(row[other]) for other in wrong if other != place},
        )


def _rows(
    labels: Sequence[str],
    items: Sequence[Item],
    names: Sequence[str],
    said: Indices,
    confidence: Floats,
) -> Iterator[Row]:
    for place, item in enumerate(items):
        pairs = zip(said[:, place].tolist(), confidence[:, place].tolist(), strict=True)
        answers = [Answer(labels[best], score) for best, score in pairs]
        yield Row(item.name, item.label, dict(zip(names, answers, strict=True)))
