"""Source networks found, scored on pictures, and put in order."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests import package_kit
from tests import rank_kit as kit
from trunkline import demo as demo_package
from trunkline import trunks
from trunkline.errors import ImageError, ParameterError, WeightsError
from trunkline.trunks import Trunk
from trunkline.weights import package
from trunkline.weights.store import ModelStore, bundle_root
from trunkline_training.making.choosing import advice, candidates, rank, words
from trunkline_training.making.choosing.advice import Advice
from trunkline_training.making.choosing.candidates import Candidate, Sources
from trunkline_training.making.choosing.rank import Measured
from trunkline_training.making.choosing.words import Words
from trunkline_training.making.pictures import selection
from trunkline_training.making.pictures.inspection import Item

LABELS = ("apple, Malus", "ship")


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return trunks.load("mobilenet_v2", store=ModelStore((bundle_root(),)), threads=1)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Ten pears and ten boats."""
    return kit.pictures(tmp_path / "pictures", ("boat", "pear"), 10)


@pytest.fixture
def vectors(tmp_path: Path) -> Words:
    return words.load("file", kit.word_file(tmp_path / "words.txt"), print)


def candidate(folder: Path, trunk: Trunk, name: str, *logits: float) -> Candidate:
    return Candidate(name, trunk, kit.constant_tail(folder, logits), LABELS)


def test_scores_by_hand(tmp_path: Path, trunk: Trunk, items: list[Item], vectors: Words) -> None:
    sources = [
        candidate(tmp_path, trunk, "even", 0, 0),
        candidate(tmp_path, trunk, "ships", 0, math.log(3)),
    ]
    even, ships = rank.score(sources, items, vectors)
    # to boat: apple 5, ship 4; to pear: apple 4, ship 5
    assert (even.name, even.pictures, even.classes) == ("even", 20, 2)
    assert even.softmax == pytest.approx(20 * 0.5)
    assert even.emd == pytest.approx(20 * 4.5)
    assert ships.softmax == pytest.approx(20 * 0.75)
    assert ships.emd == pytest.approx(10 * (5 / 4 + 3) + 10 * (1 + 15 / 4))
    assert (ships.softmax_mean, even.emd_mean) == pytest.approx((0.75, 4.5))
    boats = rank.measure(sources[1:], items[:10], vectors)[0]
    assert boats.emd == pytest.approx(np.full(10, 4.25))


def test_features_of_a_trunk_serve_all_its_tails(
    tmp_path: Path, trunk: Trunk, items: list[Item], vectors: Words
) -> None:
    counted = kit.Counted(trunk)
    sources = [candidate(tmp_path, counted, name, 0, 1) for name in "abc"]
    assert len(rank.score(sources, items, vectors)) == 3
    assert counted.batches == [16, 4]


def test_a_real_network_knows_a_cat(tmp_path: Path) -> None:
    demo = Path(demo_package.__file__).parent / "pictures"
    (source,) = Sources(ModelStore((bundle_root(),)), threads=1).stored()
    assert source.name == "classifier@mobilenet_v2/keras-160"
    vectors = words.load("file", kit.word_file(tmp_path / "w.txt", source.labels), print)
    cat, cup = demo / "chelsea.jpg", demo / "coffee.jpg"
    right = [Item("a", cat, "tabby"), Item("b", cup, "espresso")]
    wrong = [Item("a", cat, "espresso"), Item("b", cup, "tabby")]
    found, swapped = (rank.score([source], items, vectors)[0] for items in (right, wrong))
    assert found.emd < swapped.emd
    assert found.softmax == swapped.softmax > 1


@pytest.mark.parametrize(("sources", "pictures"), [(0, 3), (1, 0)])
def test_nothing_to_score(
    tmp_path: Path, trunk: Trunk, items: list[Item], vectors: Words, sources: int, pictures: int
) -> None:
    found = [candidate(tmp_path, trunk, "a", 0, 0)][:sources]
    with pytest.raises(ParameterError, match=f"{sources} source networks and {pictures} pictures"):
        rank.score(found, items[:pictures], vectors)


def test_tails_that_give_no_logits_of_their_labels(
    tmp_path: Path, trunk: Trunk, items: list[Item], vectors: Words
) -> None:
    with pytest.raises(WeightsError, match=r"three gives \(16, 3\): expected logits \(16, 2\)"):
        rank.score([candidate(tmp_path, trunk, "three", 0, 0, 0)], items, vectors)
    with pytest.raises(WeightsError, match="bad: logits hold NaN"):
        rank.score([candidate(tmp_path, trunk, "bad", 0, math.nan)], items, vectors)


def test_a_picture_that_went_bad(
    tmp_path: Path, trunk: Trunk, items: list[Item], vectors: Words
) -> None:
    items[3].path.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"boat/03\.png: not a known picture format"):
        rank.score([candidate(tmp_path, trunk, "a", 0, 0)], items, vectors)


def test_a_packaged_task_stands_behind_the_stores_trunk(tmp_path: Path) -> None:
    package_kit.write(tmp_path / "mine")
    sources = Sources(ModelStore((bundle_root(),)), threads=1)
    found = [*sources.stored(), sources.packaged(tmp_path / "mine")]
    assert found[1].name == f"{tmp_path / 'mine'}@mobilenet_v2/keras-160"
    assert found[1].trunk is found[0].trunk
    assert found[1].entry is not None
    assert candidates.labels_of(found) == found[1].labels


def packaged(
    folder: Path, kind: str = "classifier", digest: str = "", trunk: Mapping[str, str] | None = None
) -> Path:
    package_kit.write(folder, kind=kind)
    path = folder / package.NAME
    data = json.loads(path.read_text())
    data["trunk"] |= trunk or {}
    data["tail"] |= {"accepts": [digest]} if digest else {}
    path.write_text(json.dumps(data))
    return folder


def test_packages_that_are_no_source(tmp_path: Path) -> None:
    sources = Sources(ModelStore((bundle_root(),)), threads=1)
    with pytest.raises(WeightsError, match="of the kind ssd: expected a classifier"):
        sources.packaged(packaged(tmp_path / "a", "ssd"))
    with pytest.raises(WeightsError, match=f"of digest {'ab' * 32}: mobilenet_v2/keras-160 here"):
        sources.packaged(packaged(tmp_path / "b", digest="ab" * 32))
    with pytest.raises(WeightsError, match="no trunk mobilenet_v2/mine"):
        sources.packaged(packaged(tmp_path / "c", trunk={"set": "mine"}))
    with pytest.raises(WeightsError, match="cannot be read"):
        sources.packaged(tmp_path / "nothing")


def test_a_damaged_tail_stops(tmp_path: Path) -> None:
    root = shutil.copytree(bundle_root(), tmp_path / "models")
    (root / "mobilenet_v2" / "keras-160" / "classifier.onnx").write_bytes(b"x")
    with pytest.raises(WeightsError, match="is damaged"):
        Sources(ModelStore((root,)), threads=1).stored()


def test_a_store_without_classifiers(tmp_path: Path) -> None:
    assert Sources(ModelStore((tmp_path,))).stored() == []
    with pytest.raises(WeightsError, match="no classifier in the model store"):
        candidates.labels_of([])


def measured(
    trunk: Trunk, name: str, emd: list[float], best: float, known: bool = True
) -> Measured:
    entry = kit.released() if known else None
    tail = trunk._network  # never run here
    source = Candidate(name, trunk, tail, LABELS, entry)
    return Measured(source, np.full(len(emd), best), np.array(emd))


def advised(trunk: Trunk, *rows: tuple[str, list[float], float]) -> Advice:
    return advice.advise(
        [measured(trunk, name, emd, best, name != "random") for name, emd, best in rows]
    )


def test_what_is_advised(trunk: Trunk) -> None:
    near, far = [1.0, 1.2] * 20, [2.0, 2.1] * 20
    # more by 1.0 and 0.9 in turn: 0.95, and 1.96 * 0.05 / sqrt(39) on either side
    found = advised(trunk, ("far", far, 0.5), ("near", near, 0.9), ("random", [3.0] * 40, 0.1))
    assert (found.best, found.clear) == ("near", True)
    assert found.text.startswith("near: both scores name it, other pictures would")
    assert "(far +0.9500 [+0.9343, +0.9657] a picture)" in found.text
    assert "before the random tail by both scores: 2 of 2; the scores compare" in found.text
    assert found.margin is not None
    found = advised(trunk, ("random", far, 0.1), ("near", near, 0.9))
    assert (found.best, found.clear) == ("near", True)
    assert found.text.startswith("near: both scores name it (random +0.9500")
    assert "by both scores: 1 of 1" in found.text
    found = advised(trunk, ("far", far, 0.9), ("near", near, 0.5))
    assert (found.best, found.clear) == ("near", False)
    assert found.text.startswith("near by EMD, far by softmax: they disagree")
    found = advised(trunk, ("a", [1.0, 2.0] * 20, 0.9), ("b", [2.0, 1.1] * 20, 0.5))
    assert (found.best, found.clear) == ("a", False)
    assert "too close to tell" in found.text
    found = advised(trunk, ("random", near, 0.1), ("far", far, 0.9))
    assert (found.best, found.clear) == ("random", False)
    assert found.text.startswith("none is clearly of use")
    assert "by both scores: 0 of 1" in found.text
    assert not advised(trunk, ("a", near, 0.5)).clear
    assert not advised(trunk, ("a", [1.0], 0.5), ("b", [2.0], 0.4)).clear


def test_the_order(trunk: Trunk) -> None:
    rows = [("c", [2.0], 0.1), ("b", [1.0], 0.1), ("a", [1.0], 0.1), ("d", [1.0], 0.3)]
    found = advice.ordered([measured(trunk, *row) for row in rows])
    assert [it.candidate.name for it in found] == ["d", "a", "b", "c"]


def test_what_is_learnt_from(items: list[Item]) -> None:
    every = selection.learnt(items, 0.2, seed=0)
    few = selection.learnt(items, 0.2, seed=0, limit=3)
    assert (len(every), len(few)) == (16, 6)
    assert set(few) <= set(every)
    assert {item.label for item in few} == {"boat", "pear"}
    assert selection.learnt(items, 0.2, seed=0, limit=99) == every
    assert selection.learnt(items[::-1], 0.2, seed=0, limit=3) == few[::-1]
    assert selection.learnt(items, 0.2, seed=1, limit=3) != few
    for share, limit in ((0.0, None), (1.0, None), (math.nan, None), (0.2, 0), (0.2, -1)):
        with pytest.raises(ParameterError):
            selection.learnt(items, share, 0, limit)
