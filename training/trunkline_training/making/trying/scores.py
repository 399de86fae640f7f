"""What right and wrong answers amount to: accuracy, macro figures, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trunkline_training import bootstrap

METRICS = ("accuracy", "precision", "recall", "f1")
BINS = 15
"""Of confidence; as many as the measure's authors take."""
SEED = 1
Z95 = 1.96
"""Standard deviations between which 95 % of a normal distribution lie."""
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Interval:
    """A figure, and where 95 % of its resamples lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Answers of a confidence in (low, high]: mean confidence and the share of right ones, 0..1."""

    low: float
    high: float
    pictures: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error in percent, and the bins that hold a picture."""

    error: float
    bins: tuple[Bin, ...]


def weightings(pictures: int) -> Floats:
    """(1 + resamples, N): every picture once, then how often each resample drew it.

    The pictures are drawn as one heap, not class by class: within classes of few pictures there is
    too little to draw from, and the intervals come out too narrow.
    """
    return np.concatenate([np.ones((1, pictures)), bootstrap.weights(pictures, SEED)])


def values(truth: Indices, said: Indices, weights: Floats) -> dict[str, Floats]:
    """Each of METRICS in percent, (B,), of N answers weighted (B, N).

    Macro precision, recall and F1 are plain means over the classes that occur in the truth of the
    (re)sample; the precision of a class that is never said is 0.
    """
    classes = np.unique(truth)
    is_true = truth[:, None] == classes  # (N, K)
    is_said = said[:, None] == classes
    true, taken = weights @ is_true, weights @ is_said  # (B, K)
    right = weights @ (is_true & is_said)
    drawn = true > 0
    by_class = {
        "precision": _ratio(right, taken),
        "recall": _ratio(right, true),
        "f1": _ratio(2 * right, true + taken),
    }
    found = {"accuracy": 100 * (weights @ (truth == said)) / weights.sum(axis=1)}
    for name, column in by_class.items():
        found[name] = 100 * (column * drawn).sum(axis=1) / drawn.sum(axis=1)
    return found


def interval(figures: Floats) -> Interval:
    """The first of the figures is the sample's own, the others are the resamples'."""
    return Interval(float(figures[0]), *bootstrap.interval(figures[1:]))


def bounded(figures: Floats, pictures: int) -> Interval:
    """`interval` of a figure in percent; where every resample has 0 or 100, Wilson's bound.

    Resampling answers that are all right says nothing of those that were not drawn. Source of the
    score interval: Wilson, Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22 (1927).
    """
    found = interval(figures)
    unseen = 100 * Z95**2 / (pictures + Z95**2)
    if found.low == 100:
        return Interval(found.value, 100 - unseen, 100.0)
    return Interval(found.value, 0.0, unseen) if found.high == 0 else found


def calibration(confidence: Floats, right: NDArray[np.bool_]) -> Calibration:
    """How far confidence (N,), 0..1, is from the share of right answers, (N,).

    Expected calibration error with bins of equal width: Guo et al., On Calibration of Modern
    Neural Networks, ICML 2017, equation 3.
    """
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins = tuple(
        Bin(
            place / BINS,
            (place + 1) / BINS,
            int((places == place).sum()),
            float(confidence[places == place].mean()),
            float(right[places == place].mean()),
        )
        for place in np.unique(places).tolist()
    )
    gaps = sum(each.pictures * abs(each.accuracy - each.confidence) for each in bins)
    return Calibration(100 * gaps / len(confidence), bins)


def confusion(truth: Indices, said: Indices, classes: int) -> NDArray[np.intp]:
    """(classes, classes): how many pictures of a row's class were taken for a column's."""
    return np.bincount(truth * classes + said, minlength=classes**2).reshape(classes, classes)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
