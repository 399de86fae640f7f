"""Intervals, average precision over resamples, and curves at equal bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests import voc_reference
from tests.voc_reference import Found
from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep import compare
from trunkline_benchmarks.sweep.tasks import evaluation
from trunkline_training import bootstrap, voc
from trunkline_training.average_precision import mean_average_precision

LABELS = ("cat", "dog", "couch", "stop sign")
CAT, DOG, SOFA = (voc.CLASSES.index(name) for name in ("cat", "dog", "sofa"))
PICTURES = 40


def detections(seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(K, 7) rows as the tail gives them, some of them near an object at (.1, .1, .6, .6)."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 12))
    boxes = np.array([0.1, 0.1, 0.6, 0.6]) + rng.normal(0, 0.08, (count, 4))
    columns = [np.zeros(count), rng.integers(0, 4, count), rng.uniform(0.01, 1, count)]
    return np.column_stack([*columns, boxes]).astype(np.float32)


def truth(seed: int) -> list[list[Any]]:
    """Objects, one in five difficult."""
    rng = np.random.default_rng(1000 + seed)
    return [
        [int(rng.choice([CAT, DOG, SOFA])), 0.1, 0.1, 0.6, 0.6, bool(rng.random() < 0.2)]
        for _ in range(rng.integers(1, 4))
    ]


def rows() -> list[Row]:
    """What the evaluation makes of them."""
    ssd = evaluation("ssd", LABELS)
    return [ssd.judge([detections(n)], [detections(n)], truth(n)) for n in range(PICTURES)]


def kit_map() -> float:
    """The same by the scoring of the whole list."""
    names = {"cat": "cat", "dog": "dog", "couch": "sofa"}
    found = [
        Found(f"{n:03}", names[LABELS[int(row[1])]], row[2], (row[3], row[4], row[5], row[6]))
        for n in range(PICTURES)
        for row in detections(n).tolist()
        if LABELS[int(row[1])] in names
    ]
    truths = {
        f"{n:03}": [
            voc.Truth(voc.CLASSES[it[0]], (it[1], it[2], it[3], it[4]), it[5]) for it in truth(n)
        ]
        for n in range(PICTURES)
    }
    return voc_reference.mean_average_precision(truths, found)[0]


def test_rows_give_the_development_kits_figure() -> None:
    """Matched picture by picture, and joined afterwards."""
    assert 5 < kit_map() < 95
    assert evaluation("ssd", LABELS).score(rows())["map"] == pytest.approx(kit_map(), abs=1e-3)


def test_a_weight_counts_a_picture_as_often() -> None:
    """A resample is the list with pictures left out and repeated."""
    found = rows()
    weights = bootstrap.weights(PICTURES, seed=3, resamples=20)
    repeated = [
        mean_average_precision(
            [row for row, times in zip(found, weight, strict=True) for _ in range(int(times))],
            np.ones((1, PICTURES)),
        )[0]
        for weight in weights
    ]
    assert mean_average_precision(found, weights) == pytest.approx(repeated, abs=1e-6)


def test_classes_without_objects_are_left_out() -> None:
    """Of the resample that has none of them; with none at all there is no figure."""
    found = [
        {"found": [[CAT, 0.9, 1]], "objects": [CAT]},
        {"found": [[DOG, 0.8, 0]], "objects": [DOG]},
    ]
    weights = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    assert mean_average_precision(found, weights) == pytest.approx([100, 50, 0])
    nothing = [{"found": [[CAT, 0.9, 0]], "objects": []}]
    assert math.isnan(mean_average_precision(nothing, np.ones((1, 1)))[0])


def test_equal_answers_change_nothing() -> None:
    """Paired: the same pictures on both sides."""
    for change in evaluation("ssd", LABELS).against(rows(), seed=1)(rows()).values():
        assert (change.points, change.low, change.high) == (0, 0, 0)


def test_agreement_counts_pairs_twice() -> None:
    """Of one label and overlap; each detection is in one pair at most."""
    ssd = evaluation("ssd", LABELS)
    box = [0.1, 0.1, 0.6, 0.6]
    two = np.array([[0, 0, 0.9, *box], [0, 1, 0.8, *box]], np.float32)
    one = np.array([[0, 0, 0.7, *box], [0, 0, 0.1, *box]], np.float32)
    none = np.zeros((0, 7), np.float32)

    def agree(*answers: tuple[Any, Any]) -> float:
        return ssd.score([ssd.judge([ours], [theirs], []) for ours, theirs in answers])["agree"]

    assert [agree((two, two)), agree((one, two)), agree((none, two))] == [
        100.0,
        pytest.approx(200 / 3),
        0.0,
    ]
    assert agree((none, none)) == 100.0
    mixed = agree((two, none), (none, none), (two, two))
    assert mixed == pytest.approx(200 / 3), "two empty answers have no vote"


def test_the_interval_of_a_mean() -> None:
    """As wide as the normal approximation says, and the same for the same seed."""
    differences = np.array([-1.0] * 60 + [0.0] * 900 + [1.0] * 40)
    low, high = bootstrap.mean_interval(differences, seed=1)
    error = 1.96 * differences.std() / math.sqrt(len(differences))
    assert low == pytest.approx(differences.mean() - error, abs=0.003)
    assert high == pytest.approx(differences.mean() + error, abs=0.003)
    assert bootstrap.mean_interval(differences, seed=1) == (low, high)
    assert bootstrap.mean_interval(differences, seed=2) != (low, high)


def test_classes_right_and_wrong() -> None:
    """The best, the best five, and what the uncompressed features gave."""
    classifier = evaluation("classifier", [str(number) for number in range(8)])
    exact = [np.arange(8, dtype=np.float32)[None]]
    coded = [np.array([[9, 1, 2, 3, 4, 5, 6, 7]], np.float32)]
    row = classifier.judge(coded, exact, 7)
    assert row == {"class": 0, "correct1": 0, "correct5": 1, "agree": 0}
    reference = classifier.judge(exact, exact, 7)
    assert reference == {"class": 7, "correct1": 1, "correct5": 1, "agree": 1}
    changes = classifier.against([reference] * 2, seed=1)([row, reference])
    assert changes["top1"].points == -50
    assert classifier.score([row, reference]) == {"top1": 50, "top5": 100, "agree": 50}


def test_noise_of_tensors() -> None:
    """A tenth of the signal is 20 dB; nothing at all is as good as it gets."""
    tensor = evaluation("tensor", ())
    assert tensor.score([{"relative_error": 0.1}] * 3)["snr"] == pytest.approx(20)
    assert tensor.score([{"relative_error": 0.0}])["snr"] == 140


CURVE = [(1000.0, 10.0), (2000.0, 50.0), (4000.0, 48.0), (8000.0, 60.0)]


def test_scores_at_bytes_and_bytes_for_scores() -> None:
    """Over the logarithm of the bytes; not beyond the ends."""
    assert compare.at_bytes(CURVE, math.sqrt(2) * 1000) == pytest.approx(30)
    assert compare.at_bytes(CURVE, 999) is None
    assert compare.at_bytes(CURVE, 8001) is None
    assert compare.bytes_for(CURVE, 30) == pytest.approx(math.sqrt(2) * 1000)
    assert compare.bytes_for(CURVE, 54) == pytest.approx(math.sqrt(2) * 4000)
    assert compare.bytes_for(CURVE, 5) == 1000
    assert compare.bytes_for(CURVE, 61) is None


def test_delta_rates_of_curves() -> None:
    """Half the bytes are -50 %; what is cheaper and better hides what is not."""
    curve = [(1000.0, 10.0), (2000.0, 30.0), (4000.0, 50.0), (5000.0, 49.0), (8000.0, 60.0)]
    half = [(size / 2, score) for size, score in curve]
    few = curve[:2]
    rates = compare.delta_rates({"a": curve, "b": half, "c": few}, "a", (0, 100))
    assert rates["b"] is not None
    assert rates["b"].percent == pytest.approx(-50)
    assert rates["c"] is None
    assert compare.better(curve) == [it for it in curve if it[0] != 5000]
