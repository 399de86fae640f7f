"""A real run, killed, interrupted and short of space, is taken up again with nothing lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests import benchmark_run

ROOT = Path(__file__).resolve().parents[2]
SMALL_BYTES = 900
"""Room for a part of the journal."""
PATIENCE_S = 60


@contextmanager
def started(folder: Path, most_bytes: int = 0, fault: str = "") -> Iterator[subprocess.Popen[str]]:
    """The run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmark_run", str(folder)]
    command += [str(most_bytes), fault]
    # a session of its own: Ctrl-C of a terminal goes to all its processes, and so can the test's
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(folder: Path) -> bytes:
    """Run to the end; what the results file holds then."""
    with started(folder) as process:
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    return (folder / "results.jsonl").read_bytes()


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until the journal has so many whole lines."""
    end = time.monotonic() + PATIENCE_S
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.005)


def running(group: int) -> list[str]:
    """The states of a process group's members; what waits for its reaper has ended."""
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may have ended meanwhile
            state, _, its_group = path.read_text().rpartition(") ")[2].split()[:3]
            states += [state] if int(its_group) == group and state != "Z" else []
    return states


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The results of a run that nothing befell."""
    results = finish(tmp_path_factory.mktemp("whole"))
    assert len(results.splitlines()) == 1 + 2 * benchmark_run.SHARDS
    return results


def test_killed_twice(whole: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    for lines in (4, 9):
        with started(tmp_path) as process:
            wait_for_lines(journal, lines, process)
            process.send_signal(signal.SIGKILL)
        assert not (tmp_path / "results.jsonl").exists()
    assert finish(tmp_path) == whole
    keys = [json.loads(line)["shard"] for line in journal.read_text().splitlines()[1:]]
    assert len(keys) == len(set(keys)) == benchmark_run.SHARDS


def test_killed_with_everything_it_started(tmp_path: Path) -> None:
    """A shard that would take minutes does not outlive its run."""
    with started(tmp_path, fault="stall") as process:
        wait_for_lines(tmp_path / "journal.jsonl", 4, process)
        process.send_signal(signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while running(process.pid):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_interrupted(whole: bytes, tmp_path: Path) -> None:
    """Ctrl-C, which every process of the group gets, gives one line and no traceback."""
    with started(tmp_path) as process:
        wait_for_lines(tmp_path / "journal.jsonl", 4, process)
        subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
        _, errors = process.communicate(timeout=PATIENCE_S)
    said = [line for line in errors.splitlines() if line.startswith("interrupted: ")]
    assert len(said) == 1
    assert f"of {benchmark_run.SHARDS} parts of squares are kept in {tmp_path}" in said[0]
    assert "benchmark_run.square" not in errors
    assert "_serve" not in errors
    assert finish(tmp_path) == whole


def test_no_space_left(whole: bytes, tmp_path: Path) -> None:
    """A limit on the file's size is a full disk to whoever writes it."""
    with started(tmp_path, SMALL_BYTES) as process:
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    [line] = errors.splitlines()
    journal = tmp_path / "journal.jsonl"
    assert line.startswith(f"cannot write {journal}: File too large; what was finished is kept")
    content = journal.read_bytes()
    assert content.endswith(b"\n")
    assert len(content) <= SMALL_BYTES
    assert all("rows" in json.loads(kept) for kept in content.splitlines()[1:])
    assert finish(tmp_path) == whole
