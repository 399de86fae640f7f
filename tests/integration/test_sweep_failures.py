"""What a sweep says when something is wrong, and what is left of it: nothing lost, nothing twice.

Runs are processes of their own where they are killed or short of space.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.sweep_kit import class_folder, without_plots
from trunkline import cli
from trunkline_benchmarks.sweep.work import TIMINGS

pytest.importorskip("matplotlib", reason="plots need the extra bench")

PICTURES = 34
"""Two ranges of pictures."""
PATIENCE_S = 120
LIMITED = (
    "import resource, sys; from trunkline import cli; "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY)); "
    "sys.exit(cli.main(sys.argv[2:]))"
)
NO_LIMIT, ROOM = 1 << 30, 12_000
"""Bytes that a file may have: any, and one or two of the journal's lines."""


@pytest.fixture(scope="module", autouse=True)
def _no_plots() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        without_plots(patch)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, and in `cache` their features."""
    folder = tmp_path_factory.mktemp("sweep")
    class_folder(folder / "val", PICTURES)
    assert cli.main(words(folder, folder / "whole", jobs=1)) == 0
    return folder


def words(home: Path, output: Path, jobs: int) -> list[str]:
    """A sweep of a few seconds."""
    return [
        *("sweep", "--data", str(home / "val"), "--cache", str(home / "cache")),
        *("--output", str(output), "--jobs", str(jobs)),
        *("--codec", "webp", "--quality", "10..90..20"),
    ]


def started(home: Path, output: Path, most_bytes: int = NO_LIMIT) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-c", LIMITED, str(most_bytes), *words(home, output, jobs=2)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def lines(output: Path) -> int:
    """Whole lines of the journal."""
    path = output / "sweep.journal"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def timeless(output: Path) -> list[str]:
    """The results as they are in the file but for the fields that differ from run to run."""
    found = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    return [
        json.dumps({name: value for name, value in row.items() if name not in TIMINGS})
        for row in found
    ]


def killed(home: Path, output: Path, after: int) -> None:
    """Begin or go on, and end with -9 once there are `after` lines more."""
    enough, end = lines(output) + after, time.monotonic() + PATIENCE_S
    with started(home, output) as process:
        while lines(output) < enough:
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < end
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)


def test_killed_twice_short_of_space_and_taken_up_again(home: Path, tmp_path: Path) -> None:
    """The rows are those of a run that nobody disturbed, byte by byte; it had one process."""
    killed(home, tmp_path, 2)
    killed(home, tmp_path, 3)
    before = lines(tmp_path)
    room = (tmp_path / "sweep.journal").stat().st_size + ROOM
    with started(home, tmp_path, room) as process:
        _, said = process.communicate(timeout=PATIENCE_S)
    (error,) = [line for line in said.splitlines() if line.startswith("trunkline sweep:")]
    assert "sweep.journal: File too large; what was finished is kept: make room" in error
    assert before < lines(tmp_path) < lines(home / "whole")
    assert not (tmp_path / "results.jsonl").exists()
    assert cli.main(words(home, tmp_path, jobs=1)) == 0
    assert timeless(tmp_path) == timeless(home / "whole")
    assert lines(tmp_path) == lines(home / "whole")


def complaint(capsys: pytest.CaptureFixture[str], arguments: Sequence[str | Path]) -> str:
    """The one line in which the command refuses."""
    assert cli.main(["sweep", *map(str, arguments)]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if " features [" not in line]
    assert len(said) == 1
    return said[0]


def test_an_unreadable_picture_ends_the_run_before_it_begins(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, and no setting has begun."""
    data, output = tmp_path / "val", tmp_path / "out"
    shutil.copytree(home / "val", data)
    bad = data / "n02124075" / "val_0003.JPEG"
    bad.write_bytes(bad.read_bytes()[:1000])
    arguments = ("--data", data, "--cache", tmp_path, "--output", output, "--codec", "png")
    assert f"{bad}: JPEG picture cannot be decoded" in complaint(capsys, arguments)
    assert not output.exists()


def test_refusals_before_any_work(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Folder, class, weights, trunk, codec: each in one line that says what to do."""
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "store"))  # nothing was built there
    odd = tmp_path / "odd"
    (odd / "unicorn").mkdir(parents=True)
    shutil.copy(next((home / "val").rglob("*.JPEG")), odd / "unicorn")
    val, output = home / "val", tmp_path / "out"
    for arguments, said in (
        (("--data", tmp_path / "away"), r"no folder"),
        (("--data", val, "--task", "ssd"), "is no data set for this task: expected VOC's"),
        (("--data", odd), "names the unknown class 'unicorn'"),
        (("--data", val, "--weights", "torchvision-v9"), "no trunk mobilenet_v2/torchvision-v9"),
        (("--data", val, "--weights", "torchvision-v1"), "weights build"),
        (("--data", val, "--trunk", "resnet"), "unknown trunk 'resnet'"),
        (("--data", val, "--codec", "webp", "--qp", "3"), "webp has no parameter 'qp'"),
        (("--data", val, "--limit", "-1"), "limit is -1"),
        (("--data", val, "--jobs", "-1"), "jobs is -1"),
    ):
        words_and_output = (*arguments, "--output", output, "--cache", tmp_path)
        assert said in complaint(capsys, words_and_output)
        assert not output.exists()
