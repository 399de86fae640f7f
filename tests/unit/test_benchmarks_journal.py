"""The journal by itself: torn ends, other runs, damage, a full disk, two writers."""

from __future__ import annotations

import errno
import gzip
import json
import os
from pathlib import Path

import pytest

from trunkline.errors import TrunklineError
from trunkline_benchmarks.journal import Journal
from trunkline_benchmarks.shards import Shard

CONFIGURATION = {"limit": 20, "codecs": ["bpg"]}
SHARDS = [Shard("b", {}), Shard("a", {})]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of two shards, finished in the other order."""
    path = tmp_path / "runs" / "journal.jsonl"
    with Journal(path, CONFIGURATION) as journal:
        journal.add("a", [{"value": 0.1}, {"value": 2}])
        journal.add("b", [{"value": "é"}])
    return path


def test_results_come_in_the_shards_order(path: Path, tmp_path: Path) -> None:
    plain, packed = tmp_path / "results.jsonl", tmp_path / "results.jsonl.gz"
    with Journal(path, CONFIGURATION) as journal:
        assert journal.done == {"a", "b"}
        journal.write_results(plain, SHARDS, {"machine": "this"})
        journal.write_results(packed, SHARDS, {"machine": "this"})
    rows = [json.loads(line) for line in plain.read_text().splitlines()]
    assert rows == [{"machine": "this"}, {"value": "é"}, {"value": 0.1}, {"value": 2}]
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()


@pytest.mark.parametrize("torn", [1, 10, 22])
def test_a_torn_last_line_is_cut_off(path: Path, torn: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-torn])
    with Journal(path, CONFIGURATION) as journal:
        assert journal.done == {"a"}
        journal.add("b", [{"value": "é"}])
    assert path.read_bytes() == content


def test_a_torn_header_is_a_new_journal(path: Path) -> None:
    header = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(header[:20])
    with Journal(path, CONFIGURATION) as journal:
        assert not journal.done
    assert path.read_bytes() == header


def test_another_runs_journal_is_refused(path: Path) -> None:
    content = path.read_bytes()
    message = (
        r"belongs to another run: limit was 20, is 40; new was null, is true; go on with .*output$"
    )
    with pytest.raises(TrunklineError, match=message):
        Journal(path, {**CONFIGURATION, "limit": 40, "new": True})
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"nonsense\n", "is damaged in line 3: delete it"),
        (b"[1]\n", "is damaged in line 3: delete it"),
        (b'{"shard":"a","rows":[]}\n', "has shard 'a' twice: delete it"),
    ],
)
def test_damage_is_told(path: Path, line: bytes, message: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(TrunklineError, match=message):
        Journal(path, CONFIGURATION)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a poem,\nand its end", "is damaged in line 1"), (b"a poem", "is no journal: delete it")],
)
def test_another_kind_of_file_is_left_alone(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(TrunklineError, match=message):
        Journal(path, CONFIGURATION)
    assert path.read_bytes() == content


def test_a_full_disk_leaves_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the line gets there, then the disk is full."""
    real, before = os.pwrite, path.read_bytes()

    def full(file: int, data: bytes, offset: int) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data[: len(data) // 2], offset)

    with Journal(path, CONFIGURATION) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            with pytest.raises(TrunklineError, match="No space left on device; what was finished"):
                journal.add("c", [{"value": 3}])
        assert path.read_bytes() == before
        journal.add("c", [{"value": 3}])
    assert path.read_bytes() == before + b'{"shard":"c","rows":[{"value":3}]}\n'


def test_one_writer_at_a_time(path: Path) -> None:
    with (
        Journal(path, CONFIGURATION),
        pytest.raises(TrunklineError, match="is being written by another run"),
    ):
        Journal(path, CONFIGURATION)
    Journal(path, CONFIGURATION).close()


def test_what_is_refused(path: Path, tmp_path: Path) -> None:
    with Journal(path, CONFIGURATION) as journal:
        with pytest.raises(TrunklineError, match=r"shard 'a' is in .* already"):
            journal.add("a", [])
        with pytest.raises(TrunklineError, match=r"shard 'c' is not in .*: run it first"):
            journal.write_results(tmp_path / "results", [*SHARDS, Shard("c", {})])
        with pytest.raises(ValueError, match="JSON"):
            journal.add("c", [{"psnr": float("inf")}])
    assert not (tmp_path / "results").exists()


def test_a_device_is_no_journal(tmp_path: Path) -> None:
    """Bytes would be gone as soon as they are written."""
    (tmp_path / "full.journal").symlink_to("/dev/full")
    with pytest.raises(TrunklineError, match="is no regular file"):
        Journal(tmp_path / "full.journal", {})
