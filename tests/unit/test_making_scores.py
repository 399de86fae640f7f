"""Accuracy, macro figures and calibration beside their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline_training.making.trying import scores
from trunkline_training.making.trying.scores import Indices

ONCE = np.ones((1, 6))


def places(*values: int) -> Indices:
    return np.array(values, np.intp)


def plain(truth: list[int], said: list[int]) -> dict[str, float]:
    """The definitions, class by class."""
    figures: dict[str, list[float]] = {"precision": [], "recall": [], "f1": []}
    for label in set(truth):
        both = sum(t == s == label for t, s in zip(truth, said, strict=True))
        precision = both / said.count(label) if label in said else 0.0
        recall = both / truth.count(label)
        total = precision + recall
        figures["precision"].append(precision)
        figures["recall"].append(recall)
        figures["f1"].append(2 * precision * recall / total if total else 0.0)
    right = sum(t == s for t, s in zip(truth, said, strict=True))
    means = {name: 100 * sum(column) / len(column) for name, column in figures.items()}
    return {"accuracy": 100 * right / len(truth), **means}


def test_figures_worked_out_by_hand() -> None:
    found = scores.values(places(0, 0, 0, 1, 1, 2), places(0, 0, 1, 1, 2, 1), ONCE)
    assert found["accuracy"][0] == pytest.approx(50)
    assert found["recall"][0] == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)
    assert found["precision"][0] == pytest.approx(100 * (1 + 1 / 3 + 0) / 3)
    assert found["f1"][0] == pytest.approx(100 * (4 / 5 + 2 / 5 + 0) / 3)


def test_a_class_that_only_wrong_answers_name_is_no_class_of_the_mean() -> None:
    found = scores.values(places(0, 0, 1, 1, 1, 1), places(0, 7, 1, 1, 1, 1), ONCE)
    assert found["recall"][0] == pytest.approx(75)
    assert found["precision"][0] == pytest.approx(100)


answers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(answers, st.integers(0, 2**32 - 1))
def test_a_resample_is_worth_what_its_pictures_are(pairs: list[tuple[int, int]], seed: int) -> None:
    drawn = np.random.default_rng(seed).multinomial(
        len(pairs), np.full(len(pairs), 1 / len(pairs)), size=3
    )
    weights = np.concatenate([np.ones((1, len(pairs))), drawn])
    truth, said = (np.array(column, np.intp) for column in zip(*pairs, strict=True))
    found = scores.values(truth, said, weights)
    for number, times in enumerate(weights.astype(int)):
        expected = plain(np.repeat(truth, times).tolist(), np.repeat(said, times).tolist())
        assert {name: column[number] for name, column in found.items()} == pytest.approx(expected)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, inside, trials = np.random.default_rng(3), 0, 60
    truth = np.repeat(np.arange(6), 5)  # few pictures of each class, as a small task has
    for _ in range(trials):
        said = np.where(rng.random(30) < 0.8, truth, 9)
        found = scores.values(truth, said, scores.weightings(30))
        recall = scores.interval(found["recall"])
        inside += recall.low <= 80 <= recall.high
    assert 0.88 <= inside / trials <= 1


@pytest.mark.parametrize(("pictures", "bound"), [(8, 67.56), (100, 96.30), (1000, 99.617)])
def test_answers_that_are_all_right_have_wilson_s_bound(pictures: int, bound: float) -> None:
    truth = np.arange(pictures) % 4
    weights = scores.weightings(pictures)
    right = scores.values(truth, truth, weights)["accuracy"]
    wrong = scores.values(truth, truth + 1, weights)["accuracy"]
    found, none = scores.bounded(right, pictures), scores.bounded(wrong, pictures)
    assert (found.value, found.high) == (100, 100)
    assert found.low == pytest.approx(bound, abs=0.01)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(100 - bound, abs=0.01)


def test_other_bounds_are_the_bootstrap_s() -> None:
    truth = np.repeat(np.arange(2), 20)
    found = scores.values(truth, np.where(np.arange(40) < 4, 9, truth), scores.weightings(40))
    assert scores.bounded(found["accuracy"], 40) == scores.interval(found["accuracy"])


def test_calibration_worked_out_by_hand() -> None:
    confidence = np.array([1.0, 0.95, 0.5, 0.52, 1 / 15])
    right = np.array([True, False, True, False, False])
    found = scores.calibration(confidence, right)
    first, middle, last = found.bins
    assert (first.low, first.high) == pytest.approx((0, 1 / 15))  # the upper edge belongs to it
    assert (first.pictures, middle.pictures, last.pictures) == (1, 2, 2)
    assert (middle.confidence, middle.accuracy) == pytest.approx((0.51, 0.5))
    assert (last.low, last.high) == pytest.approx((14 / 15, 1))
    gaps = 1 * (1 / 15) + 2 * 0.01 + 2 * (0.975 - 0.5)
    assert found.error == pytest.approx(100 * gaps / 5)


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.booleans()), min_size=1))
def test_calibration_counts_every_picture_once(pairs: list[tuple[float, bool]]) -> None:
    confidence = np.array([score for score, _ in pairs])
    right = np.array([correct for _, correct in pairs])
    found = scores.calibration(confidence, right)
    assert sum(each.pictures for each in found.bins) == len(pairs)
    assert all(each.low - 1e-9 <= each.confidence <= each.high + 1e-9 for each in found.bins)
    whole = 100 * abs(confidence.mean() - right.mean())
    assert whole - 1e-9 <= found.error <= 100


def test_confusion_has_truth_in_rows() -> None:
    counts = scores.confusion(places(0, 0, 2), places(0, 1, 2), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
