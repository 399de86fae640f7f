"""`trunkline task eval`: a small classifier behind the released trunk, on made-up pictures."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnx", reason="tails are written with trunkline[build]")
pytest.importorskip("matplotlib", reason="plots need the extra train")

from tests import eval_kit as kit
from trunkline import cli, codecs, pipeline
from trunkline.errors import TrunklineError
from trunkline.types import Classification, InferRequest
from trunkline.weights import package
from trunkline_tasks import model
from trunkline_tasks.settings import TaskSettings
from trunkline_training.making.commands import eval as eval_command
from trunkline_training.making.pictures import inspection
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.pictures.split import digest, split
from trunkline_training.making.trying import evaluation, report
from trunkline_training.making.trying.line import Line, eight_bits, load, ways

LABELS = (*sorted(kit.COLOURS), "yew")
WEBP = "webp:quality=20"
SHARE, SEED = 0.4, 3


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit.pictures(tmp_path_factory.mktemp("eval") / "images", 20)


@pytest.fixture(scope="module")
def items(images: Path) -> list[Item]:
    return list(inspection.inspect(images))


@pytest.fixture(scope="module")
def content(items: list[Item]) -> bytes:
    return kit.fitted(split(items, SHARE, SEED)[0], LABELS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, items: list[Item], content: bytes) -> Path:
    """A task that has learnt from its part of the pictures."""
    learnt, _ = split(items, SHARE, SEED)
    provenance = {"test_share": SHARE, "seed": SEED, "learnt": digest(learnt)}
    return kit.pack(tmp_path_factory.mktemp("made") / "trees", content, LABELS, provenance)


@pytest.fixture
def folder(tmp_path: Path, made: Path) -> Path:
    return shutil.copytree(made, tmp_path / "trees")


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", "/nowhere")  # the released bundle, whatever was built
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-eval": eval_command.command})


def call(folder: Path, images: Path, *more: str) -> int:
    words = ["task", "eval", str(folder), "--images", str(images), "--threads", "1", *more]
    return cli.main(words)


def refused(capsys: pytest.CaptureFixture[str], folder: Path, images: Path, *more: str) -> str:
    """The one line that says why."""
    assert call(folder, images, "--codecs", *more) == 1
    out, err = capsys.readouterr()
    before = ("pictures [", "warning:", "    ")
    lines = [line for line in err.splitlines() if not line.startswith(before)]
    assert (out, len(lines)) == ("", 1)
    return lines[0]


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as opened:
        width, height = opened.size
    return width, height


def test_the_held_pictures_are_tested(
    folder: Path, images: Path, items: list[Item], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.iterdir())
    assert call(folder, images, "--codecs", WEBP, WEBP, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert sorted(folder.iterdir()) == before
    assert found["pictures"] == 24
    assert "24 pictures that were held back" in found["about"]["pictures"]
    assert found["absent"] == ["yew"]
    assert [way["way"] for way in found["ways"]] == ["float", "8 bits", WEBP]
    out = folder.with_name("trees.report")
    assert found["report"] == str(out)
    names = {"report.md", "report.json", "confusion.png", "reliability.png"}
    assert {path.name for path in out.iterdir()} == names
    written = json.loads((out / "report.json").read_text())
    assert {row["name"] for row in written["rows"]} == {
        item.name for item in split(items, SHARE, SEED)[1]
    }
    assert all(written[key] == found[key] for key in ("ways", "confusion", "calibration"))
    _check_figures(written)
    text = (out / "report.md").read_text()
    assert "Labels without pictures, which count in no macro figure: yew." in text
    assert r"maple $x\|\<b\>" in text
    assert "maple $x|" not in text


def _check_figures(written: dict[str, Any]) -> None:
    """The figures follow from the rows."""
    rows = written["rows"]
    right = {
        way["way"]: [row["answers"][way["way"]]["said"] == row["true"] for row in rows]
        for way in written["ways"]
    }
    for way in written["ways"]:
        accuracy = way["figures"]["accuracy"]
        assert accuracy["value"] == pytest.approx(100 * np.mean(right[way["way"]]))
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        for name, drop in way["drops"].items():
            own = way["figures"][name]["value"]
            plain = written["ways"][0]["figures"][name]["value"]
            assert drop["value"] == pytest.approx(own - plain)
    plain, quantised, webp = written["ways"]
    assert 50 < plain["figures"]["accuracy"]["value"] < 100  # else the rest would show nothing
    assert (plain["frame_bytes"], plain["drops"]) == (None, {})
    assert 25088 < quantised["frame_bytes"] < 25400
    assert 500 < webp["frame_bytes"] < 10000
    assert np.trace(written["confusion"]) == sum(right["float"])
    assert np.sum(written["confusion"]) == len(rows)
    taken = sum(sum(each["taken_for"].values()) for each in written["classes"])
    assert taken == len(rows) - sum(right["float"])


def test_what_a_person_reads(
    folder: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "oak" / "note.txt").write_text("no picture")
    out = tmp_path / "out"
    assert call(folder, images, "--codecs", "--report", str(out)) == 0
    (images / "oak" / "note.txt").unlink()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "task: trees, channel means, 4 labels"
    assert "left out: 1 files: no pictures, copies, or in two classes" in lines
    (head,) = (number for number, line in enumerate(lines) if line.startswith("way "))
    assert lines[head + 1].split()[:3] == ["float", "no", "frame"]
    assert lines[head + 2].startswith("8 bits")
    assert lines[-3].startswith("expected calibration error ")
    assert lines[-2] == "1 labels have no pictures: they count in no macro figure"
    assert lines[-1] == f"report: {out / 'report.md'}"
    assert not folder.with_name("trees.report").exists()
    for name in ("confusion.png", "reliability.png"):
        assert min(size(out / name)) > 200


def test_another_set_is_tested_whole(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = kit.pictures(tmp_path / "others", 3, seed=9)
    assert call(folder, others, "--codecs", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pictures"] == 9
    assert "all 9 usable pictures: not the set" in found["about"]["pictures"]


def test_an_answer_is_the_one_that_is_served(made: Path, items: list[Item]) -> None:
    line = load(package.read(made), threads=1, store=kit.store())
    found = evaluation.evaluate(line, items[::9], [eight_bits()])
    settings = TaskSettings(name="trees", package=str(made), threads=1)
    served = model.load(settings, kit.store())
    for item, row in zip(items[::9], found.rows, strict=True):
        frame = pipeline.pack(line.features(item.path), line.trunk.spec, codecs.get("raw"))
        result = served.infer(InferRequest(frame)).result
        assert isinstance(result, Classification)
        assert row.answers["8 bits"].said == result.classes[0].label
        assert row.answers["8 bits"].confidence == pytest.approx(result.classes[0].score)


def test_a_report_shows_the_most_confident_mistakes_first(
    made: Path, items: list[Item], tmp_path: Path
) -> None:
    line = load(package.read(made), threads=1, store=kit.store())
    found = evaluation.evaluate(line, items, ways(["png"]))
    report.write(tmp_path / "a", found, "A title", {"what": "two\nlines | <b>"})
    text = (tmp_path / "a" / "report.md").read_text()
    assert text.startswith("# A title\n\n* what: two lines \\| \\<b\\>\n")
    wrong = [row for row in found.rows if row.answers["float"].said != row.true]
    wrong.sort(key=lambda row: -row.answers["float"].confidence)
    assert len(wrong) > 2
    shown = text.split("## Most confident mistakes")[1]
    assert f"{len(wrong)} of 60 pictures." in shown
    places = [shown.index(row.name.replace("|<b>", r"\|\<b\>")) for row in wrong[:3]]
    assert places == sorted(places)
    report.write(tmp_path / "b", found, "A title", {"what": "two\nlines | <b>"})
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_hundred_classes_are_drawn_larger(tmp_path: Path, items: list[Item]) -> None:
    labels = [f"級 {number:03}" for number in range(101)]  # no letter of matplotlib's font
    rng = np.random.default_rng(2)
    weight = rng.normal(0, 0.2, (101, 32)).astype(np.float16)
    content = kit.linear(weight, np.zeros(101, np.float16))
    made = kit.pack(tmp_path / "many", content, labels)
    line = load(package.read(made), threads=1, store=kit.store())
    many = [
        Item(f"{label}/{number}", items[number % 60].path, label)
        for number, label in enumerate(labels)
    ]
    found = evaluation.evaluate(line, many, [])
    assert [way.way for way in found.ways] == ["float"]
    report.write(tmp_path / "out", found, "many", {})
    assert min(size(tmp_path / "out" / "confusion.png")) > 1500


def test_what_cannot_be_evaluated(made: Path, items: list[Item]) -> None:
    line = load(package.read(made), threads=1, store=kit.store())
    with pytest.raises(TrunklineError, match="no pictures to test on"):
        evaluation.evaluate(line, [], [])
    twice = Line(line.trunk, line.tail, ("oak", "beech", "oak", "yew"))
    oaks = [item for item in items if item.label == "oak"]
    with pytest.raises(TrunklineError, match="class 'oak' is 2 of the task's labels"):
        evaluation.evaluate(twice, oaks, [])


def provenance(folder: Path, **values: object) -> None:
    path = folder / "task.json"
    data = json.loads(path.read_text())
    data["provenance"] |= values
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("values", [{"seed": True}, {"test_share": 1.0}, {"test_share": "half"}])
def test_a_provenance_that_is_none(
    folder: Path, images: Path, capsys: pytest.CaptureFixture[str], values: dict[str, object]
) -> None:
    provenance(folder, **values)
    assert "expected a share from 0, below 1" in refused(capsys, folder, images)


def test_a_class_that_is_no_label(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = kit.pictures(tmp_path / "others", 2)
    (others / "oak").rename(others / "elm")
    line = refused(capsys, folder, others)
    assert "unknown class 'elm': expected one of beech, maple $x|<b>, oak, yew" in line
    assert not folder.with_name("trees.report").exists()


def test_pictures_that_make_no_set(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = kit.pictures(tmp_path / "others", 2)
    (others / "elm").mkdir()
    line = refused(capsys, folder, others)
    assert "1 without a usable picture: fill or remove the class: elm" in line
    assert "no folder" in refused(capsys, folder, tmp_path / "none")


def test_a_report_stays_out_of_task_and_pictures(
    folder: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = refused(capsys, folder, images, "--report", str(folder / "sub"))
    assert "it would leave with the task" in inside
    among = refused(capsys, folder, images, "--report", str(images / ".." / images.name))
    assert "it would be a class" in among


def test_codecs_that_cannot_be_had(
    folder: Path,
    images: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "unknown codec 'gif'" in refused(capsys, folder, images, "gif")
    assert "qp is 99" in refused(capsys, folder, images, "bpg:qp=99")
    monkeypatch.setattr(sys.modules["trunkline.codecs.table"], "find_spec", lambda name: None)
    line = refused(capsys, folder, images, "bpg:qp=35")
    assert "trunkline[hevc]" in line
    assert "--codecs webp:quality=80" in line


def infinite(labels: int) -> bytes:
    bias = np.full(labels, math.inf, np.float16)
    return kit.linear(np.zeros((labels, 32), np.float16), bias)


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        (lambda place, tail: kit.pack(place, tail, LABELS, kind="ssd"), "expected a classifier"),
        (
            lambda place, tail: kit.pack(place, tail, LABELS, digest="ab" * 32),
            "make it again for this trunk",
        ),
        (lambda place, tail: kit.pack(place, tail, LABELS[:3]), "expected logits (1, 3)"),
        (lambda place, _: kit.pack(place, infinite(4), LABELS), "expected finite logits"),
        (lambda place, _: place, "cannot be read"),
    ],
)
def test_packages_that_cannot_be_evaluated(
    tmp_path: Path,
    images: Path,
    content: bytes,
    capsys: pytest.CaptureFixture[str],
    pack: Callable[[Path, bytes], Path],
    words: str,
) -> None:
    assert words in refused(capsys, pack(tmp_path / "x" / "trees", content), images)
