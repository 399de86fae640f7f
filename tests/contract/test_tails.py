"""What every tail promises, run over every tail of the released bundle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.views import photographs, pictures
from trunkline import engines, trunks
from trunkline.engines import Network
from trunkline.types import Tensor
from trunkline.weights import ModelStore, TailEntry
from trunkline.weights.store import bundle_root

RELEASED = ModelStore((bundle_root(),))
ENTRIES = RELEASED.tails()
LABELS = {"classifier": 1000, "ssd": 20}
assert {entry.task for entry in ENTRIES} == set(LABELS), "a tail is missing, or new: say its labels"
SMALLEST_SCORE, MOST = 0.01, 100


@pytest.fixture(
    scope="module", params=ENTRIES, ids=lambda entry: f"{entry.trunk}/{entry.set}/{entry.task}"
)
def entry(request: pytest.FixtureRequest) -> TailEntry:
    chosen: TailEntry = request.param
    return chosen


def of_task(task: str) -> pytest.MarkDecorator:
    """Run a test over the tails of one task only."""
    chosen = [entry for entry in ENTRIES if entry.task == task]
    names = [f"{entry.trunk}/{entry.set}" for entry in chosen]
    return pytest.mark.parametrize("entry", chosen, ids=names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def tail(entry: TailEntry) -> Network:
    return engines.load("openvino", entry.verified_path(), threads=1)


@pytest.fixture(scope="module")
def features(entry: TailEntry) -> Tensor:
    trunk = trunks.load(entry.trunk, entry.set, store=RELEASED, threads=1)
    return trunk.forward(np.stack([trunk.preprocess(image) for image in pictures(5)]))


def rows_of(rows: Tensor, picture: int) -> Tensor:
    """One picture's detections without its number, (K, 6)."""
    return rows[rows[:, 0] == picture, 1:]


def test_it_accepts_the_trunk_beside_it(entry: TailEntry) -> None:
    digest = RELEASED.trunk(entry.trunk, entry.set).digest
    assert digest in entry.accepts
    assert entry.digest == entry.accepts[0]


def test_its_card_says_where_it_comes_from(entry: TailEntry) -> None:
    card = entry.card.text()
    for word in ("Origin", "Licence", "digest"):
        assert word in card


def test_every_class_has_a_label(entry: TailEntry) -> None:
    labels = entry.labels()
    assert len(labels) == LABELS[entry.task]
    assert all(label and label == label.strip() for label in labels)


@of_task("classifier")
def test_the_classifier_gives_logits(entry: TailEntry, tail: Network, features: Tensor) -> None:
    (together,) = tail.run(features)
    assert together.shape == (len(features), len(entry.labels()))
    for index in range(len(features)):
        (alone,) = tail.run(features[index : index + 1])
        np.testing.assert_allclose(alone[0], together[index], atol=1e-3 * np.ptp(together))


@of_task("ssd")
def test_the_detector_gives_sorted_rows(entry: TailEntry, tail: Network, features: Tensor) -> None:
    (rows,) = tail.run(features)
    assert rows.shape[1] == 7
    assert set(rows[:, 0]) <= set(range(len(features)))
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert set(rows[:, 1]) <= set(range(len(entry.labels())))
    assert (rows[:, 2] >= SMALLEST_SCORE).all()
    assert (rows[:, 2] <= 1).all()
    assert (rows[:, 3:] >= 0).all()
    assert (rows[:, 3:] <= 1).all()
    assert (rows[:, 3] <= rows[:, 5]).all()
    assert (rows[:, 4] <= rows[:, 6]).all()
    for index in range(len(features)):
        mine = rows_of(rows, index)
        assert 0 < len(mine) <= MOST
        assert (np.diff(mine[:, 1]) <= 0).all()


@of_task("ssd")
def test_a_detectors_batch_is_its_pictures_one_by_one(
    entry: TailEntry, tail: Network, features: Tensor
) -> None:
    (rows,) = tail.run(features)
    for index in range(len(features)):
        (alone,) = tail.run(features[index : index + 1])
        together = rows_of(rows, index)
        strong = together[:, 1] >= 0.1
        np.testing.assert_allclose(alone[: strong.sum(), 1:], together[strong], atol=1e-3)


def test_strange_features_do_no_harm(entry: TailEntry, tail: Network) -> None:
    for value in (0.0, -50.0, 1000.0):
        (output,) = tail.run(np.full((2, *entry.shape), value, np.float32))
        assert np.isfinite(output).all()


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_engines_agree(entry: TailEntry, tail: Network, features: Tensor, engine: str) -> None:
    (ours,) = tail.run(features)
    (theirs,) = engines.load(engine, entry.verified_path(), threads=1).run(features)
    if entry.task == "classifier":
        assert np.abs(ours - theirs).max() <= 1e-3 * np.ptp(ours)
        return
    for index in range(len(features)):
        a, b = rows_of(ours, index), rows_of(theirs, index)
        strong = int((a[:, 1] >= 0.1).sum())
        assert strong == pytest.approx(int((b[:, 1] >= 0.1).sum()), abs=1)
        np.testing.assert_allclose(a[:strong][:3], b[:strong][:3], atol=1e-3)


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_engines_agree_on_the_best_class_of_200_pictures(engine: str) -> None:
    trunk = trunks.load("mobilenet_v2", "keras-160", store=RELEASED, threads=1)
    path = RELEASED.tail("mobilenet_v2", "keras-160", "classifier").verified_path()
    other_trunk = trunks.load("mobilenet_v2", "keras-160", store=RELEASED, engine=engine, threads=1)
    tail, other_tail = engines.load("openvino", path, threads=1), engines.load(engine, path)
    same = 0
    for image in photographs(200):
        batch = trunk.preprocess(image)[None]
        features, theirs = trunk.forward(batch), other_trunk.forward(batch)
        assert np.abs(features - theirs).max() <= 1e-3 * np.ptp(features)
        ours, others = tail.run(features)[0], other_tail.run(theirs)[0]
        assert np.abs(ours - others).max() <= 1e-3 * np.ptp(ours)
        same += int(ours.argmax() == others.argmax())
    assert same >= 199
