"""A training that is killed and goes on ends where one that was left alone ends, bit for bit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import train_kit
from trunkline import cli
from trunkline.weights import ModelStore

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

KILLED_AT, PATIENCE_S = 6, 120.0


def words(folder: Path, data: Path, output: Path) -> list[str]:
    """A run with every kind of chance in it: dropout, mixing, augmentation, batch norms."""
    settings = ["--epochs", "4", "--batch", "4", "--checkpoint-steps", "2", "--warmup", "1"]
    settings += [
        "--dropout",
        "0.2",
        "--mixup",
        "0.4",
        "--cutmix",
        "1",
        "--norm",
        "batch",
        "--ema",
        "0.9",
    ]
    settings += ["--start", "none", "--entry", "16", "--threads", "1", "--validation", "0.2"]
    places = ["--data", str(data), "--run", str(folder), "--output", str(output)]
    return ["train", "classifier", *settings, *places]


def rows(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.is_file() else 0


def kill_in_mid_run(arguments: list[str], run: Path) -> None:
    """Start the run as a process and end it by -9 once it has done a few steps."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trunkline.cli", *arguments],
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while rows(run / "steps.csv") <= KILLED_AT:
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < end, "it did no steps"
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_killed_run_goes_on_to_the_same_weights(
    precision: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    data = train_kit.classes(tmp_path, 10)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole, broken = (
        [
            *words(tmp_path / run, data, train_kit.models(tmp_path / models)),
            *("--precision", precision),
        ]
        for run, models in (("whole", "one"), ("broken", "two"))
    )
    assert cli.main(whole) == 0
    kill_in_mid_run(broken, tmp_path / "broken")
    assert KILLED_AT < rows(tmp_path / "broken" / "steps.csv") <= 1 + 16
    assert (tmp_path / "broken" / "last.pt").is_file()
    capsys.readouterr()

    assert cli.main(broken) == 1
    assert "holds a run: give --resume" in capsys.readouterr().err
    assert cli.main([*broken, "--resume", "--lr", "0.5"]) == 1
    assert "lr was 0.01, is 0.5" in capsys.readouterr().err
    fewer = train_kit.classes(tmp_path / "fewer", 8)
    assert cli.main([*broken, "--resume", "--data", str(fewer)]) == 1
    assert "pictures was" in capsys.readouterr().err
    # the same pictures, as another copy of them has them: elsewhere, and with other times
    moved = shutil.copytree(data, tmp_path / "elsewhere" / data.name, copy_function=shutil.copyfile)
    assert cli.main([*broken, "--resume", "--data", str(moved)]) == 0
    assert "going on behind step" in capsys.readouterr().err

    ends = [
        torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("whole", "broken")
    ]
    assert ends[0]["step"] == ends[1]["step"] == 16
    for part in ("module", "average"):
        assert ends[0][part].keys() == ends[1][part].keys()
        for name, tensor in ends[0][part].items():
            assert torch.equal(tensor, ends[1][part][name]), name
    tails = [
        ModelStore((tmp_path / name / "models",)).tail("mobilenet_v2", "keras-160", "classifier")
        for name in ("one", "two")
    ]
    assert tails[0].sha256 == tails[1].sha256
    for name in ("steps.csv", "epochs.csv"):
        logs = [(tmp_path / run / name).read_text() for run in ("whole", "broken")]
        assert logs[0] == logs[1]
