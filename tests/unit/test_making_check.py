"""`trunkline task check`: folders of pictures, sound and broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check_kit import checked, fill, picture, refused, texts
from trunkline import cli
from trunkline.errors import ParameterError
from trunkline_training.making.commands import check as check_command
from trunkline_training.making.learning import parts
from trunkline_training.making.learning.settings import Making
from trunkline_training.making.pictures import inspection
from trunkline_training.making.pictures.check import check
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.pictures.split import fewest, split


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of twelve pictures; one has a blank and other letters in its name."""
    fill(tmp_path / "data" / "grüne Äpfel", 12)
    fill(tmp_path / "data" / "birnen", 12, 100)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-check": check_command.command})


def test_a_sound_folder(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(root.rglob("*"))
    found = checked(root, capsys)
    assert found["classes"] == {"birnen": 12, "grüne Äpfel": 12}
    assert (found["sound"], found["findings"]) == (True, [])
    training, test = found["training"], found["test"]
    assert (len(training), len(test)) == (20, 4)
    assert len({name.split("/")[0] for name in test}) == 2
    assert not set(training) & set(test)
    assert sorted(root.rglob("*")) == before
    assert checked(root, capsys) == found


def test_what_a_person_reads(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(7):
        (root / "birnen" / f"note{number}.txt").write_text("no picture")
    assert cli.main(["task", "check", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 classes, 24 usable pictures"
    assert lines[1:3] == ["      12 birnen", "      12 grüne Äpfel"]
    assert lines[3] == "split: 20 to learn from, 4 to test on"
    assert lines[4] == "warning: 7 files that are no pictures, left out"
    assert lines[5].startswith("    birnen/note0.txt: not a known picture format")
    assert lines[-1] == "    and 2 more (trunkline task check --json lists all)"


def test_an_empty_class_and_one_class_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "quitten").mkdir()
    assert texts(checked(root, capsys, 1)) == [
        "error: 1 without a usable picture: fill or remove the class"
    ]
    alone = root.parent / "alone"
    fill(alone / "only", 12)
    assert texts(checked(alone, capsys, 1)) == [
        "error: 1 class: expected at least two folders of pictures"
    ]


def test_few_and_many(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(root / "birnen", 6, 200)
    fill(root / "quitten", 3, 300)
    found = texts(checked(root, capsys))
    assert found[0] == "warning: 1 with fewer than 10 pictures"
    assert found[1].startswith("warning: classes of 3 to 18 pictures")


def test_too_few_for_a_task(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(root / "quitten", 2, 300)
    found = checked(root, capsys, 1)
    assert not found["sound"]
    assert found["findings"][0]["files"] == ["quitten"]
    assert "error: 1 with fewer than 3 usable pictures" in texts(found)[0]
    assert checked(root, capsys, 0, "--test-share", "0")["sound"]
    (root / "quitten" / "301.jpg").unlink()
    assert "fewer than 2" in texts(checked(root, capsys, 1, "--test-share", "0"))[0]
    assert "fewer than 16" in texts(checked(root, capsys, 1, "--test-share", "0.9"))[0]


@given(st.floats(0, 0.9), st.integers(1, 40))
def test_it_asks_for_as_many_as_the_training(share: float, count: int) -> None:
    items = tuple(
        Item(f"{label}/{number}", Path(), label) for label in "ab" for number in range(count)
    )
    report = check(items, (), fewest(share))
    try:
        divided = parts.divide(report, Making(test_share=share))
    except ParameterError:
        assert not report.sound
    else:
        assert report.sound
        assert bool(divided.held) == bool(share)


@pytest.mark.parametrize("share", ["nan", "5", "-1", "1", "inf"])
def test_a_share_that_is_none(root: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected 0 or more, below 1" in refused(capsys, str(root), f"--test-share={share}")
    with pytest.raises(ParameterError, match="expected 0 or more, below 1"):
        split([], float(share), 0)


def test_classes_that_differ_in_capitals(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(10):
        (root / "Birnen").mkdir(exist_ok=True)
        picture(700 + number).save(root / "Birnen" / f"{number}.png")
    (found,) = checked(root, capsys)["findings"]
    assert found["text"] == "1 that differ in capitals alone: one class?"
    assert found["files"] == ["Birnen = birnen"]


def test_copies_are_used_once_and_never_on_both_sides(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(3).save(root / "grüne Äpfel" / "again.png")
    found = checked(root, capsys)
    assert found["classes"] == {"birnen": 12, "grüne Äpfel": 12}
    assert texts(found) == ["warning: 1 more than once, used once"]


def test_pictures_of_two_classes_are_left_out(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(root / "birnen", 2)
    found = checked(root, capsys)
    assert found["classes"] == {"birnen": 12, "grüne Äpfel": 10}
    assert texts(found) == ["warning: 2 in two classes, left out"]
    same = root.parent / "same"
    for name in ("a", "b"):
        fill(same / name, 12)
    assert "error: 2 without a usable picture: fill or remove the class" in texts(
        checked(same, capsys, 1)
    )


def test_odd_sizes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(root / "birnen", 1, 400, (40, 30))
    fill(root / "birnen", 1, 401, (900, 100))
    assert texts(checked(root, capsys)) == [
        "warning: 1 with a side below 64 pixels (median of all: 80)",
        "warning: 1 more than 4 times as long as wide",
    ]


def test_damaged_pictures_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root / "birnen" / "100.jpg"
    path.write_bytes(path.read_bytes()[:500])
    found = checked(root, capsys)
    assert found["classes"] == {"birnen": 11, "grüne Äpfel": 12}
    (finding,) = found["findings"]
    assert "JPEG picture cannot be decoded" in finding["files"][0]


def test_hidden_files_are_nobodys(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("x")
    (root / "birnen" / ".DS_Store").write_text("x")
    (root / "README.txt").write_text("beside the classes")
    assert checked(root, capsys)["findings"] == []


def test_a_list_instead_of_folders(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{path.relative_to(root)},{path.parent.name[0]}" for path in root.rglob("*.jpg")]
    (root / "manifest.csv").write_text("\n".join(["path,class", *rows, "lost.jpg,b", ""]))
    found = checked(root, capsys)
    assert found["classes"] == {"b": 12, "g": 12}
    assert texts(found) == ["warning: 1 files that are no pictures, left out"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "no folder"),
        (lambda root: root.mkdir(), "has no folders: expected one folder a class"),
        (lambda root: fill(root, 3), "has no folders: expected one folder a class"),
        (
            lambda root: (root.mkdir(), (root / "manifest.csv").write_text("path\nx\n")),
            "lacks the column class: expected manifest.csv with the columns path and class",
        ),
    ],
)
def test_what_is_no_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: object, words: str
) -> None:
    assert callable(make)
    make(tmp_path / "x")
    assert words in refused(capsys, str(tmp_path / "x"))


def test_the_split_hardly_moves_when_pictures_come(root: Path) -> None:
    items = list(inspection.inspect(root))
    _, before = split(items, 0.25, seed=7)
    fill(root / "birnen", 1, 500)
    _, after = split(list(inspection.inspect(root)), 0.25, seed=7)
    assert len({item.name for item in before} ^ {item.name for item in after}) <= 2
    assert split(items, 0.25, seed=8)[1] != before
    assert all(len(part) > 0 for part in split(items[:2], 0.9, seed=1))


@pytest.mark.parametrize("name", ["two\nlines", "a\tb", " blank before", "bell\x07"])
def test_a_class_whose_name_is_no_label(
    root: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "birnen").rename(root / name)
    found = checked(root, capsys, 1)
    assert not found["sound"]
    (finding,) = found["findings"]
    assert "a name that is no label" in finding["text"]
    assert finding["files"] == [repr(name)]
