"""Trainings of a task in folders that were used before, or are somebody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import helper

from tests import graph_kit, package_kit, train_kit
from trunkline import cli
from trunkline.weights import package

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

SMALL = ["--threads", "1", "--batch", "4", "--views", "1", "--epochs", "2", "--coded", "0"]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return train_kit.classes(tmp_path, 12)


def train(images: Path, *words: str) -> int:
    given = ["colours", "--images", str(images), "--method", "transfer", *SMALL, *words]
    return cli.main(["task", "train", *given])


def exchange(images: Path) -> None:
    """Every picture in the other class, under the name of the one that was there."""
    for path in (images / "cat").iterdir():
        twin, spare = images / "boat" / path.name, images.parent / "spare"
        path.rename(spare)
        twin.rename(path)
        spare.rename(twin)


def relabel(images: Path) -> None:
    """The same files, listed under the other class."""
    lines = [f"cat/{path.name},boat" for path in (images / "cat").iterdir()]
    lines += [f"boat/{path.name},cat" for path in (images / "boat").iterdir()]
    (images / "manifest.csv").write_text("\n".join(["path,class", *lines]))


def test_a_run_is_not_written_over(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(images, "--run", "run") == 0
    before = (tmp_path / "run" / "output" / "last.pt").read_bytes()
    assert train(images, "--run", "run", "--seed", "2") == 1
    assert "holds a run: give --resume, or another --run" in capsys.readouterr().err
    assert (tmp_path / "run" / "output" / "last.pt").read_bytes() == before


@pytest.mark.parametrize("change", [exchange, relabel])
def test_a_run_goes_on_with_the_same_pictures_alone(
    images: Path, change: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(images, "--run", "run") == 0
    assert train(images, "--run", "run", "--resume") == 0
    change(images)
    capsys.readouterr()
    assert train(images, "--run", "run", "--resume") == 1
    said = capsys.readouterr().err
    assert "belongs to other settings: pictures was" in said
    assert "another --run" in said


@pytest.mark.parametrize("change", [exchange, relabel])
def test_kept_features_of_other_pictures_are_not_used(
    images: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """The same names, but other classes: what was learnt before would be wrong now."""
    assert train(images, "--run", "run", "--output", "before") == 0
    change(images)
    for name in ("last.pt", "best.pt"):
        (tmp_path / "run" / "output" / name).unlink()
    assert train(images, "--run", "run", "--output", "after") == 0
    assert train(images, "--output", "fresh") == 0
    ours, fresh = ((tmp_path / name / "colours.onnx").read_bytes() for name in ("after", "fresh"))
    assert ours == fresh
    assert ours != (tmp_path / "before" / "colours.onnx").read_bytes()


def test_one_training_in_a_folder_at_a_time(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_training.train.alone import alone

    with alone(Path("run")):
        assert train(images, "--run", "run") == 1
    assert "another training goes on in run" in capsys.readouterr().err
    assert train(images, "--run", "run") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_ended_training_leaves_no_features(
    images: Path, tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = ["task", "train", "colours", "--images", str(images), *SMALL, "--epochs", "100000"]
    command = [
        sys.executable,
        "-m",
        "trunkline.cli",
        *words,
        "--patience",
        "0",
        "--method",
        "transfer",
    ]
    # PyTorch makes an empty folder there as soon as it is imported
    elsewhere = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "inductor")}
    environment = {**os.environ, **elsewhere, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("epoch 0:"):
                process.send_signal(number)
    assert process.returncode == 130
    assert "stopped; with --run DIR it could go on\n" in said
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "colours").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--output", "{images}/colours"], "where it would be a class"),
        (["--run", "{images}/run"], "where it would be a class"),
        (["--run", "colours/run"], "what it keeps of pictures would leave with it"),
        (["--output", "other"], "other holds something else"),
        (["--output", "letter.txt"], "letter.txt holds something else"),
        (["--output", "letter.txt/colours"], "cannot write to letter.txt/colours"),
    ],
)
def test_folders_where_it_does_harm(
    images: Path, tmp_path: Path, words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    package_kit.write(tmp_path / "other", "other")
    (tmp_path / "letter.txt").write_text("mine")
    assert train(images, *(word.format(images=images) for word in words)) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert "training" not in said  # nothing was begun
    assert package.read(tmp_path / "other").tail.task == "other"


def test_a_task_is_made_again_in_its_folder(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(images) == 0
    assert train(images, "--seed", "2") == 0
    assert "colours holds a task colours: the new one takes its place" in capsys.readouterr().err
    assert package.read(tmp_path / "colours").provenance["seed"] == 2


def test_a_run_that_has_not_begun_is_not_gone_on_with_in_silence(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(images, "--run", "run", "--resume") == 0
    assert "no checkpoint in run/output yet: it begins" in capsys.readouterr().err


def test_a_source_of_another_architecture(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = helper.make_node("GlobalAveragePool", ["features"], ["logits"])
    package_kit.write(tmp_path / "mine", content=graph_kit.network([pool], {}))
    assert train(images, "--source", "mine") == 1
    assert "is no classifier of MobileNetV2's layers" in capsys.readouterr().err
