"""The two scores of a source network, and the correlation of ranks, as numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trunkline.errors import ParameterError, TensorError
from trunkline_training.making.choosing import source_scores
from trunkline_training.making.choosing.rank_correlation import spearman
from trunkline_training.making.choosing.source_scores import Floats

SIDES = st.tuples(st.integers(1, 9), st.integers(1, 7))
LOGITS = SIDES.flatmap(lambda s: arrays(np.float32, s, elements=st.floats(-1e4, 1e4, width=32)))
# published: (EMD, softmax, accuracy) after fine-tuning on Caltech-101, by network
PUBLISHED = {
    "alexnet": (
        [44280, 40805, 32285, 52505, 53355, 34520],
        [7.1, 2154, 4344, 27.5, 1912, 4039],
        [20.7, 77.2, 78.3, 18.3, 69.0, 70.0],
    ),
    "resnet18": (
        [44258, 39016, 30429, 49056, 53217, 36465],
        [32.0, 2012, 3953, 873, 2396, 2759],
        [40.7, 85.0, 85.3, 44.5, 71.6, 74.9],
    ),
}


def scores(probabilities: Floats, apart: Floats, truth: np.ndarray) -> tuple[float, float]:
    return (
        source_scores.total(source_scores.certainties(probabilities)),
        source_scores.total(source_scores.costs(probabilities, apart, truth)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Floats, Floats, np.ndarray]:
    """Probabilities (N, K), distances (K, T), truth (N,)."""
    logits = draw(LOGITS)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    targets = draw(st.integers(1, 5))
    source, target = rng.normal(size=(logits.shape[1], 4)), rng.normal(size=(targets, 4))
    truth = rng.integers(0, targets, len(logits))
    return source_scores.softmax(logits), source_scores.distances(source, target), truth


def test_a_worked_example() -> None:
    probabilities = source_scores.softmax(np.log([[1.0, 3.0], [4.0, 1.0]]))
    assert probabilities == pytest.approx(np.array([[0.25, 0.75], [0.8, 0.2]]))
    apart = source_scores.distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]]))
    assert apart.tolist() == [[0.0], [5.0]]
    best, moved = scores(probabilities, apart, np.array([0, 0]))
    assert best == pytest.approx(1.55)
    assert moved == pytest.approx(0.75 * 5 + 0.2 * 5)


@given(LOGITS)
def test_softmax_is_a_distribution_whatever_is_added(logits: np.ndarray) -> None:
    found = source_scores.softmax(logits)
    assert found.dtype == np.float64
    assert np.all((found >= 0) & (found <= 1))
    assert found.sum(axis=1) == pytest.approx(np.ones(len(logits)))
    wide = logits.astype(np.float64)
    assert source_scores.softmax(wide + 1e5) == pytest.approx(found, abs=1e-9)


@given(cases())
def test_the_scores_keep_their_bounds(case: tuple[Floats, Floats, np.ndarray]) -> None:
    probabilities, apart, truth = case
    best, moved = scores(*case)
    count, classes = probabilities.shape
    assert count / classes - 1e-9 <= best <= count + 1e-9
    low, high = apart.min(axis=0)[truth], apart.max(axis=0)[truth]
    assert low.sum() - 1e-9 <= moved <= high.sum() + 1e-9


@given(cases(), st.integers(0, 99))
def test_the_pictures_order_does_not_matter(
    case: tuple[Floats, Floats, np.ndarray], seed: int
) -> None:
    probabilities, apart, truth = case
    order = np.random.default_rng(seed).permutation(len(truth))
    shuffled = scores(probabilities[order], apart, truth[order])
    assert shuffled == pytest.approx(scores(*case), rel=1e-12)


@given(cases(), st.integers(0, 99))
def test_the_order_of_classes_does_not_matter(
    case: tuple[Floats, Floats, np.ndarray], seed: int
) -> None:
    probabilities, apart, truth = case
    rng = np.random.default_rng(seed)
    source, target = rng.permutation(len(apart)), rng.permutation(apart.shape[1])
    renamed = np.argsort(target)[truth]
    shuffled = scores(probabilities[:, source], apart[source][:, target], renamed)
    assert shuffled == pytest.approx(scores(*case), rel=1e-12)


@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_distances_are_a_metrics(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    found = source_scores.distances(a, b)
    assert found.shape == (4, 5)
    assert found == pytest.approx(source_scores.distances(b, a).T)
    assert np.diag(source_scores.distances(a, a)).tolist() == [0, 0, 0, 0]
    assert source_scores.distances(factor * a, factor * b) == pytest.approx(factor * found)


def test_small_distances_between_large_vectors_are_not_lost() -> None:
    there = np.array([[1e8, 1e8]])
    assert source_scores.distances(there, there + 1e-7)[0, 0] == pytest.approx(1.41e-7, rel=0.1)


@pytest.mark.parametrize(
    ("logits", "words"),
    [
        (np.array([[np.nan, 1]]), "NaN or Inf"),
        (np.array([[1, -np.inf]]), "NaN or Inf"),
        (np.zeros(3), "expected (pictures, classes)"),
        (np.zeros((2, 0)), "expected (pictures, classes)"),
    ],
)
def test_bad_logits(logits: np.ndarray, words: str) -> None:
    with pytest.raises(TensorError) as error:
        source_scores.softmax(logits)
    assert words in str(error.value)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TensorError, match=r"expected \(K, D\) and \(T, D\)"):
        source_scores.distances(np.zeros((2, 3)), np.zeros((2, 4)))
    for probabilities, rows in ((np.ones((2, 3)) / 3, 4), (np.ones((3, 3)) / 3, 3)):
        with pytest.raises(TensorError, match="rows of distances"):
            source_scores.costs(probabilities, np.ones((rows, 1)), np.array([0, 0]))


@pytest.mark.parametrize(
    ("network", "by_emd", "by_softmax"),
    [("alexnet", 27 / 35, 31 / 35), ("resnet18", 5 / 7, 29 / 35)],
)
def test_the_published_figures_ranks(network: str, by_emd: float, by_softmax: float) -> None:
    emd, softmax, accuracy = PUBLISHED[network]
    assert spearman([-value for value in emd], accuracy) == pytest.approx(by_emd)
    assert spearman(softmax, accuracy) == pytest.approx(by_softmax)


def test_ties_share_their_ranks() -> None:
    # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(math.sqrt(0.9))
    assert spearman([5, 5, 9], [2, 2, 3]) == 1


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2))
def test_correlation_of_ranks_is_symmetric_and_bounded(pairs: list[tuple[int, int]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    if len(set(a)) == 1 or len(set(b)) == 1:
        with pytest.raises(ParameterError, match="all values are equal"):
            spearman(a, b)
        return
    found = spearman(a, b)
    assert -1 <= found <= 1
    assert spearman(b, a) == pytest.approx(found)
    assert spearman([-x for x in a], b) == pytest.approx(-found)
    assert spearman([x**3 for x in a], b) == pytest.approx(found)
    assert spearman(a, a) == pytest.approx(1)


def test_correlation_of_what_has_no_order() -> None:
    for a, b in (([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])):
        with pytest.raises(ParameterError, match="two at least"):
            spearman(a, b)
    with pytest.raises(ParameterError, match="NaN"):
        spearman([1.0, math.nan], [1.0, 2.0])
