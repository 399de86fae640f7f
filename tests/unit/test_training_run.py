"""Trainings of a few steps: the loss falls, the tail is served, what is wrong is said first."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests import task_kit, train_kit
from tests.samples import features
from trunkline import cli, codecs, pipeline, trunks
from trunkline.types import Detections
from trunkline.weights import ModelStore
from trunkline_tasks.server import serving

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

SMALL = ["--threads", "1", "--batch", "4", "--warmup", "1", "--json"]


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    return train_kit.models(tmp_path)


def column(path: Path, name: str) -> list[float]:
    with path.open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


async def test_a_detector_learns_and_is_served(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the released COCO tail to VOC's classes on made-up pictures, to the task's answer."""
    train_kit.boxes(tmp_path, 4, "test", seed=9)
    voc = train_kit.boxes(tmp_path, 12)
    run = tmp_path / "run"
    words = ["--data", f"{voc}:trainval", "--test", f"{voc}:test", "--run", str(run)]
    words += ["--output", str(output), "--epochs", "6", "--validation", "0.25"]
    words += ["--optimizer", "adamw", "--lr", "0.001", "--no-augment", "--ema", "0.5"]
    assert cli.main(["train", "ssd", "--preset", "quick", *SMALL, *words]) == 0
    metrics = json.loads(capsys.readouterr().out)
    losses = column(run / "steps.csv", "loss")
    assert len(losses) == 12
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    assert len(column(run / "epochs.csv", "map")) == 7
    assert list((run / "events").glob("events.out.tfevents.*"))
    assert metrics["pictures"] == 4
    assert metrics["map_low"] <= metrics["map"] <= metrics["map_high"]
    assert {"map_8bit_drop", "map_bpg35_drop_low", "map_all_points"} <= set(metrics)

    store = ModelStore((output,))
    tail = store.tail("mobilenet_v2", "keras-160", "ssd")
    assert tail.metrics == metrics
    assert tail.labels()[:2] == ("aeroplane", "bicycle")
    card = tail.card.text()
    for word in ("Origin", "Licence", "seed 1", "trunkline train ssd", tail.digest, "Apache-2.0"):
        assert word in card
    assert str(tmp_path) not in card
    spec = trunks.load("mobilenet_v2", store=store, threads=1).spec
    frame = pipeline.pack(features(), spec, codecs.get("png"), image_size=(100, 50))
    settings = task_kit.settings("ssd", weights="keras-160")
    async with serving(settings, store) as server, task_kit.dial(server.port) as channel:
        answer = await task_kit.infer(channel, frame)
    assert isinstance(answer.result, Detections)
    assert "SSDLite" in answer.model


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_classifier_learns_its_folders(
    precision: str, tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = train_kit.classes(tmp_path, 10)
    words = ["--data", str(data), "--run", str(tmp_path / "run"), "--output", str(output)]
    words += ["--epochs", "4", "--lr", "0.005", "--task", "colours", "--start", "none"]
    words += ["--entry", "16", "--norm", "batch", "--label-smoothing", "0.1", "--views", "2"]
    words += ["--precision", precision]
    assert cli.main(["train", "classifier", "--preset", "quick", *SMALL, *words]) == 0
    losses = column(tmp_path / "run" / "steps.csv", "loss")
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    tail = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "colours")
    assert tail.labels() == ("boat", "cat")
    assert json.loads(capsys.readouterr().out)["validation_top1"] >= 50
    assert len(list((tmp_path / "run" / "views").glob("*/view-*"))) == 2


def test_distilling_nears_the_teacher(tmp_path: Path, output: Path) -> None:
    """The released classifier as a teacher, of a tail that starts from its blocks."""
    voc = train_kit.boxes(tmp_path, 12)
    words = ["--data", f"{voc}:trainval", "--run", str(tmp_path / "run"), "--output", str(output)]
    words += ["--teacher", "keras-160", "--start", "none", "--lr", "0.01", "--epochs", "4"]
    words += ["--feature-weight", "0.1", "--mixup", "0.2", "--entry", "15", "--norm", "batch"]
    assert cli.main(["train", "distil", "--preset", "quick", *SMALL, *words]) == 0
    apart = column(tmp_path / "run" / "epochs.csv", "divergence")
    assert apart[-1] < 0.75 * apart[0]
    tail = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "classifier")
    assert len(tail.labels()) == 1000


def test_a_stitch_is_fitted_and_published(tmp_path: Path, output: Path) -> None:
    """Another network's tail behind a convolution: here the trunk's own, which needs none."""
    voc = train_kit.boxes(tmp_path, 12)
    words = ["--data", f"{voc}:trainval", "--run", str(tmp_path / "run"), "--output", str(output)]
    words += ["--teacher", "keras-160", "--donor", "keras-160"]
    words += ["--task", "stitched", "--validation", "0.25"]
    assert cli.main(["train", "stitch", *SMALL, *words]) == 0
    tail = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "stitched")
    assert tail.metrics["validation_agree"] == 100
    assert "least-squares fit" in tail.card.text()
    assert not (tmp_path / "run" / "last.pt").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "data is not set: give --data"),
        (["--head", "yolo"], "unknown head 'yolo': expected one of paper, ssdlite, vgg16"),
        (["--head", "vgg16"], "head vgg16 is for trunk vgg16: for mobilenet_v2 there is"),
        (["--lr", "-1"], "lr is -1.0: expected float from 0 to 10"),
        (["--preset", "best"], "unknown preset of ssd 'best': expected one of light, own, paper"),
        (["--start", "store", "--task", "poses"], "the pairs that exist"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    output: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--run", str(tmp_path / "run"), "--output", str(output)]
    if words:
        given += ["--data", str(train_kit.boxes(tmp_path, 4))]
    assert cli.main(["train", "ssd", *given, *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_no_test_picture_is_learnt_from(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voc = train_kit.boxes(tmp_path, 4)
    words = ["--data", f"{voc}:trainval", "--test", f"{voc}:trainval"]
    words += ["--run", str(tmp_path / "run"), "--output", str(output)]
    assert cli.main(["train", "ssd", "--preset", "quick", *SMALL, *words]) == 1
    assert "expected no picture in both" in capsys.readouterr().err
    assert not (tmp_path / "run" / "last.pt").exists()


@pytest.mark.parametrize("task", ["classifier", "ssd"])
def test_a_stored_tail_is_measured(
    task: str, tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One photograph of a cat, which both released tails know."""
    from tests.samples import photograph

    if task == "classifier":
        photograph("chelsea").save(tmp_path / "chelsea.png")
        (tmp_path / "manifest.csv").write_text("path,class_index\nchelsea.png,285\n")
        test = str(tmp_path)
    else:
        test = f"{train_kit.boxes(tmp_path, 2)}:trainval"
    assert cli.main(["train", "evaluate", "--task", task, "--test", test, "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    name = "top1" if task == "classifier" else "map"
    assert metrics["pictures"] == (1 if task == "classifier" else 2)
    assert metrics[f"{name}_8bit"] - metrics[name] == pytest.approx(metrics[f"{name}_8bit_drop"])
    if task == "classifier":
        assert metrics["top1"] == metrics["top1_low"] == metrics["top1_high"] == 100


def test_a_tail_of_a_model_folder_is_measured(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is in no store, by the name that its training gave it."""
    data = train_kit.classes(tmp_path, 4)
    words = ["--data", str(data), "--run", str(tmp_path / "run"), "--output", str(output)]
    assert cli.main(["train", "classifier", "--preset", "quick", *words, "--task", "hues"]) == 0
    capsys.readouterr()
    words = ["--task", "hues", "--test", str(data), "--json"]
    assert cli.main(["train", "evaluate", *words]) == 1
    assert "no tail 'hues'" in capsys.readouterr().err
    assert cli.main(["train", "evaluate", "--models", str(output), *words]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "poses"], "the pairs that exist"),
        (["--task", "ssd", "--set", "oxford", "--trunk", "vgg16"], "weights build --trunk vgg16"),
        (["--task", "classifier", "--test", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    words: list[str], message: str, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = [] if "--test" in words else ["--test", "x"]
    assert cli.main(["train", "evaluate", *words, *test]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
