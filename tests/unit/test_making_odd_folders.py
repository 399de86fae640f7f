"""`trunkline task check`: lists and folders as people, spreadsheets and file systems leave them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.check_kit import checked, fill, refused, texts
from trunkline import cli
from trunkline.errors import ParameterError
from trunkline_training.making.commands import check as check_command
from trunkline_training.making.pictures import inspection, selection

NONE = "warning: 1 files that are no pictures, left out"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path / "data" / "apples", 10)
    fill(tmp_path / "data" / "pears", 10, 100)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-check": check_command.command})


def rows(root: Path, *more: str, separator: str = ",") -> str:
    """A list of all pictures below `root`."""
    lines = [f"{path.relative_to(root)},{path.parent.name}" for path in sorted(root.rglob("*.jpg"))]
    return "".join(f"{line}\n" for line in ["path,class", *lines, *more]).replace(",", separator)


def reasons(document: dict[str, Any], text: str = NONE) -> list[str]:
    """Which files a finding names, and why."""
    return [
        name
        for finding in document["findings"]
        if f"{finding['level']}: {finding['text']}" == text
        for name in finding["files"]
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_of_spreadsheets(
    root: Path, separator: str, encoding: str, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = rows(root, separator=separator).replace("\n", end)
    (root / "manifest.csv").write_bytes(text.encode(encoding))
    found = checked(root, capsys)
    assert (found["classes"], found["findings"]) == ({"apples": 10, "pears": 10}, [])


def test_a_separator_inside_of_a_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The header alone decides."""
    (root / "apples" / "000.jpg").rename(root / "apples" / "a,b.jpg")
    listed = rows(root, separator=";").replace("a;b.jpg", "a,b.jpg")
    (root / "manifest.csv").write_text(listed)
    assert checked(root, capsys)["classes"] == {"apples": 10, "pears": 10}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "lacks the column class and path: expected manifest.csv with the columns path"),
        (b"\n\n", "lacks the column class and path"),
        ("path,class\na.jpg,x\n".encode("utf-16"), "save it as CSV UTF-8"),
        ("path,class\na.jpg,x\n".encode("utf-16-le"), "save it as CSV UTF-8"),
        ("path,class\nä.jpg,x\n".encode("latin-1"), "save it as CSV UTF-8"),
        (b"path,class\na\0.jpg,x\n", "no UTF-8 text"),
        (b"path,class\na.jpg\n", "line 2 is incomplete: expected a path and class"),
        (b"path,class\n" + b"a" * 200_000, "field larger than field limit"),
    ],
)
def test_lists_that_are_none(
    tmp_path: Path, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    assert words in refused(capsys, str(tmp_path))


def test_a_picture_that_is_listed_twice(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts once; in two classes it does not count."""
    (root / "manifest.csv").write_text(
        rows(root, "apples/000.jpg,apples", "apples/001.jpg,pears", "./apples/002.jpg,apples")
    )
    found = checked(root, capsys)
    assert found["classes"] == {"apples": 9, "pears": 10}
    assert reasons(found, "warning: 1 in two classes, left out") == [
        "apples/001.jpg = apples/001.jpg"
    ]
    assert reasons(found, "warning: 1 more than once, used once") == [
        "apples/002.jpg = ./apples/002.jpg"
    ]


def test_a_list_may_name_pictures_anywhere(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = root.parent / "list"
    place.mkdir()
    lines = [f"../data/apples/{number:03}.jpg,a" for number in range(10)]
    lines += [f"{root}/pears/{number:03}.jpg,b" for number in range(100, 110)]
    (place / "manifest.csv").write_text("\n".join(["path,class", *lines]))
    found = checked(place, capsys)
    assert (found["classes"], found["findings"]) == ({"a": 10, "b": 10}, [])


@pytest.mark.parametrize("name", ["/dev/zero", "fifo", "apples", ".", "/dev/tty"])
def test_what_is_no_file_is_not_opened(
    root: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(root / "fifo")
    (root / "manifest.csv").write_text(rows(root, f"{name},apples"))
    assert reasons(checked(root, capsys)) == [f"{name}: not a regular file"]


def test_pipes_and_lost_links_among_the_pictures(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(root / "apples" / "fifo.jpg")
    (root / "pears" / "lost.jpg").symlink_to("nowhere")
    (root / "pears" / "round.jpg").symlink_to("round.jpg")
    (root / "pears" / "100.jpg").rename(root / "kept.jpg")
    (root / "pears" / "100.jpg").symlink_to(root / "kept.jpg")
    found = checked(root, capsys)
    assert found["classes"] == {"apples": 10, "pears": 10}
    assert [reason.split(": ")[0] for reason in found["findings"][0]["files"]] == [
        "apples/fifo.jpg",
        "pears/lost.jpg",
        "pears/round.jpg",
    ]


def test_a_file_that_is_too_large_is_not_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (root / "pears" / "film.jpg").open("wb") as file:
        file.truncate(inspection.LARGEST_BYTES + 1)  # a hole: takes no place on the disk
    (reason,) = reasons(checked(root, capsys))
    assert f"at most {inspection.LARGEST_BYTES} are allowed" in reason


def test_links_to_folders_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "apples" / "round").symlink_to(root)
    (root / "quinces").symlink_to(root / "pears")
    found = checked(root, capsys, 1)
    assert found["classes"] == {"apples": 10, "pears": 10, "quinces": 0}
    assert reasons(found, "warning: 2 folders that were not looked into") == [
        "apples/round: a link to a folder is not followed",
        "quinces: a link to a folder is not followed",
    ]


def test_folders_below_a_class_belong_to_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(root / "pears" / "more" / "yet more", 3, 300)
    assert checked(root, capsys)["classes"] == {"apples": 10, "pears": 13}


def closed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody may read the folder; root always may: a refusal is put in the way."""
    folder.chmod(0)
    listed = Path.iterdir

    def iterdir(path: Path) -> Any:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)


def test_a_folder_that_nobody_may_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(root / "pears" / "mine", 3, 300)
    closed(monkeypatch, root / "pears" / "mine")
    found = checked(root, capsys)
    assert found["classes"] == {"apples": 10, "pears": 10}
    assert reasons(found, "warning: 1 folders that were not looked into") == [
        "pears/mine: cannot be read: Permission denied"
    ]
    closed(monkeypatch, root)
    assert "cannot be read: Permission denied" in refused(capsys, str(root))
    root.chmod(0o755)
    (root / "pears" / "mine").chmod(0o755)


def unnamed(root: Path) -> None:
    os.rename(root / "apples" / "000.jpg", os.fsencode(root / "apples") + b"/\xff.jpg")


def test_a_name_that_is_no_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unnamed(root)
    found = checked(root, capsys)
    assert found["classes"] == {"apples": 9, "pears": 10}
    assert reasons(found) == ["apples/\udcff.jpg: its name is not UTF-8: rename it"]
    assert cli.main(["task", "check", str(root)]) == 0
    assert "    apples/\\udcff.jpg: its name" in capsys.readouterr().out


def test_a_class_whose_name_is_no_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.rename(root / "apples", os.fsencode(root) + b"/\xff")
    assert "error: 1 with a name that is no label" in texts(checked(root, capsys, 1))[0]
    assert cli.main(["task", "check", str(root)]) == 1
    assert "       0 \\udcff" in capsys.readouterr().out.splitlines()


def stained(root: Path) -> None:
    (root / "apples" / "a\x1b[31m\n.jpg").write_text("x")


@pytest.mark.parametrize(
    ("spoil", "shown"), [(unnamed, "apples/\\udcff.jpg: "), (stained, "apples/a\\x1b[31m\\n.jpg: ")]
)
def test_who_makes_a_task_is_told_which_files(
    root: Path, spoil: Callable[[Path], None], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(root / "apples", 1, 50)
    spoil(root)
    for number in range(6):
        (root / "pears" / f"note{number}.txt").write_text("x")
    selection.sound(root)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "warning: 7 files that are no pictures, left out"
    assert lines[1].startswith(f"    {shown}")
    assert lines[2].startswith("    pears/note0.txt: not a known picture format")
    assert lines[6] == "    and 2 more (trunkline task check --json lists all)"
    assert "".join(lines).isprintable()


def test_what_keeps_a_task_from_being_made_is_one_line(root: Path) -> None:
    (root / "apples").rename(root / "red\x1b\n")
    fill(root / "quinces", 2, 300)
    (root / "empty\x1b").mkdir()
    with pytest.raises(ParameterError, match="fewer than 3 usable pictures") as caught:
        selection.sound(root, 3)
    assert "empty\\x1b" in str(caught.value)
    assert str(caught.value).isprintable()
