"""`trunkline task rank` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import package_kit
from tests import rank_kit as kit
from trunkline import cli, trunks
from trunkline.errors import ParameterError
from trunkline.weights.store import ModelStore, bundle_root
from trunkline_training.making.commands import rank as rank_command


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that holds nothing but the released bundle, and the command."""
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-rank": rank_command.command})
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def words(home: Path) -> list[str]:
    """The options that name pictures of two classes, and vectors for all names."""
    pytest.importorskip("torch")
    kit.pictures(home / "data", ("boat", "pear"), 12)
    path = kit.word_file(home / "words.txt", kit.released().labels())
    return ["task", "rank", "--images", str(home / "data"), "--words", str(path)]


def ranked(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert cli.main([*words, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.torch
def test_a_table_and_what_to_make_of_it(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--limit", "4"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "8 pictures of 2 classes; names by word vectors of words.txt"
    assert lines[1].split() == [
        "source",
        "classes",
        "EMD",
        "a",
        "picture",
        "softmax",
        "a",
        "picture",
    ]
    rows = [line.split() for line in lines[2:4]]
    assert {row[0] for row in rows} == {
        "classifier@mobilenet_v2/keras-160",
        "random@mobilenet_v2/keras-160",
    }
    assert float(rows[0][2]) <= float(rows[1][2])
    assert [row[1] for row in rows] == ["1000", "1000"]
    assert printed.err.splitlines()[-1].startswith("took ")


@pytest.mark.torch
def test_the_same_as_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    document = ranked(words, capsys)
    assert (document["pictures"], document["classes"]) == (20, 2)
    for row in document["candidates"]:
        assert row["emd"] == pytest.approx(20 * row["emd_mean"])
        assert row["softmax"] == pytest.approx(20 * row["softmax_mean"])
    softmax = {row["name"].split("@")[0]: row["softmax_mean"] for row in document["candidates"]}
    assert softmax["random"] < 0.05 < softmax["classifier"]
    assert document["advice"]["best"] == document["candidates"][0]["name"]
    assert ranked(words, capsys) == document


@pytest.mark.torch
def test_the_test_pictures_are_not_looked_at(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_training.making.pictures import inspection
    from trunkline_training.making.pictures.split import split

    before = ranked(words, capsys)
    _, held = split(list(inspection.inspect(home / "data")), 0.2, 0)
    assert held
    for number, item in enumerate(held):
        noise = np.random.default_rng(number + 90).integers(0, 256, (80, 96, 3), dtype=np.uint8)
        Image.fromarray(noise).save(item.path)
    assert ranked(words, capsys) == before


@pytest.mark.torch
def test_sources_and_the_control_are_chosen(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package_kit.write(home / "mine")
    words += ["--limit", "2", "--source", str(home / "mine"), "--source", str(home / "mine")]
    found = ranked([*words, "--random-classes", "7"], capsys)["candidates"]
    assert len(found) == 3
    assert {row["name"].split("@")[0]: row["classes"] for row in found} == {
        "classifier": 1000,
        str(home / "mine"): 1000,
        "random": 7,
    }
    alike = [row["emd"] for row in found if not row["name"].startswith("random")]
    assert alike[0] == alike[1]
    found = ranked([*words, "--random-classes", "0"], capsys)["candidates"]
    assert len(found) == 2


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--random-classes", "1"], "1 classes of the random tail: expected 2 to 1000"),
        (["--random-classes", "1001"], "1001 classes of the random tail"),
        (["--limit", "0"], "at most 0 pictures of a class"),
        (["--test-share", "1.5"], "a test share of 1.5"),
        (["--source", "nowhere"], "nowhere/task.json cannot be read"),
        (["--words", "nowhere"], "cannot read nowhere"),
        (["--images", "nowhere"], "no folder nowhere"),
        (["--threads", "-1"], "threads is -1"),
    ],
)
def test_errors_are_one_line(
    words: list[str], options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, *options]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("trunkline task rank: ")
    assert reason in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.torch
def test_findings_are_said_and_errors_stop(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "data" / "boat" / "note.txt").write_text("no picture")
    (home / "home" / "models" / "mobilenet_v2" / "broken").mkdir(parents=True)
    broken = home / "home" / "models" / "mobilenet_v2" / "broken" / "manifest.json"
    broken.write_text("{")
    assert cli.main([*words, "--limit", "1"]) == 0
    err = capsys.readouterr().err
    assert "warning: 1 files that are no pictures, left out" in err
    assert f"warning: {broken} is left out" in err
    (home / "data" / "empty").mkdir()
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert "1 without a usable picture" in err
    assert "see trunkline task check" in err


@pytest.mark.torch
def test_the_random_tail_is_drawn_by_its_seed() -> None:
    pytest.importorskip("torch")
    from trunkline_training.making.choosing.control import random_tail

    trunk = trunks.load("mobilenet_v2", store=ModelStore((bundle_root(),)), threads=1)
    features = np.random.default_rng(0).normal(size=(2, *kit.SHAPE)).astype(np.float32)
    labels = [str(number) for number in range(50)]
    first, again, other = (random_tail(trunk, labels, 5, seed, 1) for seed in (3, 3, 4))
    assert first.labels == again.labels != other.labels
    assert len(set(first.labels)) == 5
    assert first.entry is None
    (logits,) = first.tail.run(features)
    assert logits.shape == (2, 5)
    assert np.array_equal(logits, again.tail.run(features)[0])
    assert not np.array_equal(logits, other.tail.run(features)[0])
    with pytest.raises(ParameterError, match="expected 2 to 50"):
        random_tail(trunk, labels, 51, 0)


def test_without_its_libraries_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trunkline.command.find_spec", lambda name: None)
    assert cli.main(["task", "rank", "--images", "."]) == 1
    assert "pip install 'trunkline[rank]'" in capsys.readouterr().err
