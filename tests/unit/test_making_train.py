"""`trunkline task train`: from a folder of made-up pictures to a task that is served."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import task_kit, train_kit
from trunkline import cli, codecs, pipeline, trunks
from trunkline.types import Classification
from trunkline.weights import package

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

SMALL = ["--threads", "1", "--batch", "4", "--views", "1", "--epochs", "6", "--fine-epochs", "2"]
FAST = [*SMALL, "--coded", "0", "--lr", "0.01"]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return train_kit.classes(tmp_path, 12)


def listed(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def train(images: Path, *words: str) -> int:
    return cli.main(["task", "train", "colours", "--images", str(images), *FAST, *words])


@pytest.mark.parametrize("method", ["transfer", "finetune"])
async def test_a_task_is_made_and_served(
    images: Path, tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listed(images)
    assert train(images, "--method", method, "--from", "features.17", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["top1"] == 100
    assert printed["torch_ms"] > 0 < printed["engine_ms"]
    assert listed(images) == before

    made = package.read(tmp_path / "colours")
    assert made.tail.labels() == ("boat", "cat")
    assert made.tail.metrics["validation_top1"] == 100
    assert made.tail.bytes < 10_000_000
    card = made.tail.card.text()
    for word in ("Origin: made from MobileNetV2", "Licence", method[:4], made.tail.digest):
        assert word in card
    for text in (card, (tmp_path / "colours" / "task.json").read_text()):
        assert str(tmp_path) not in text
        assert ".png" not in text  # no picture is named

    trunk = trunks.load("mobilenet_v2", threads=1)
    folder = str(tmp_path / "colours")
    async with task_kit.running(tmp_path, "colours", package=folder) as (_, channel):
        for name, colour in train_kit.COLOURS.items():
            seen = trunk.preprocess(Image.new("RGB", (60, 50), colour))
            (tensor,) = trunk.forward(seen[None])
            answer = await task_kit.infer(
                channel, pipeline.pack(tensor, trunk.spec, codecs.get("png"))
            )
            assert isinstance(answer.result, Classification)
            assert answer.result.classes[0].label == name


def test_transfer_leaves_the_source_s_layers_as_they_are(images: Path, tmp_path: Path) -> None:
    """And a task may be the source of another one; of a random one nothing else is as good."""
    from trunkline_training.train.models import given_of

    assert train(images, "--method", "transfer") == 0
    words = ["--method", "transfer", "--source", "colours", "--output", "again", "--seed", "2"]
    assert train(images, *words) == 0
    assert train(images, "--method", "transfer", "--source", "none", "--output", "chance") == 0
    one, two, chance = (
        given_of(package.read(tmp_path / name).tail).convs
        for name in ("colours", "again", "chance")
    )
    assert one.keys() == two.keys() == {*chance, "stitch"}
    same = {name for name in one if np.array_equal(one[name].weight, two[name].weight)}
    assert same == set(one) - {"linear"}
    assert not any(np.array_equal(one[name].weight, chance[name].weight) for name in chance)


def test_fine_tuning_changes_the_layers_from_one_on(images: Path, tmp_path: Path) -> None:
    from trunkline_training.train.models import given_of

    assert train(images, "--method", "transfer") == 0
    assert train(images, "--from", "17", "--norm", "batch", "--output", "tuned") == 0
    one, two = (given_of(package.read(tmp_path / name).tail).convs for name in ("colours", "tuned"))
    changed = {name for name in one if not np.array_equal(one[name].weight, two[name].weight)}
    assert changed == {"17.expand", "17.depthwise", "17.project", "18", "linear"}


def test_a_task_behind_vgg16_begins_where_its_tail_does(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_kit.vgg16(tmp_path / "home" / "models")
    words = ["--trunk", "vgg16", "--source", "none", "--norm", "batch"]
    assert train(images, *words, "--from", "13") == 1
    assert "begins with layer 14" in capsys.readouterr().err
    assert train(images, *words, "--from", "14") == 0
    assert package.read(tmp_path / "colours").tail.trunk == "vgg16"


def task_of(folder: Path) -> tuple[bytes, Any]:
    document = json.loads((folder / "task.json").read_text())
    return (folder / "colours.onnx").read_bytes(), document["provenance"]["learnt"]


def test_a_killed_run_goes_on_to_the_same_task(images: Path, tmp_path: Path) -> None:
    words = ["--seed", "3", "--from", "17", "--fine-epochs", "6"]
    assert train(images, *words, "--run", "whole") == 0
    wanted = task_of(tmp_path / "colours")
    command = [sys.executable, "-m", "trunkline.cli", "task", "train", "colours"]
    command += ["--images", str(images), *FAST, *words, "--run", "killed", "--output", "other"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "training the layers" in line:
                process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "other").exists()
    assert (tmp_path / "killed" / "output" / "last.pt").is_file()
    more = ["--run", "killed", "--output", "other", "--resume"]
    assert train(images, *words, *more) == 0
    assert task_of(tmp_path / "other") == wanted


def test_what_it_learns_from_depends_on_the_seed_and_the_limit(
    images: Path, tmp_path: Path
) -> None:
    found = []
    for seed in ("1", "2"):
        words = ["--method", "transfer", "--seed", seed, "--limit", "5", "--output", seed]
        assert train(images, *words) == 0
        found.append(package.read(tmp_path / seed).provenance)
    assert found[0]["pictures"] == {"boat": 4, "cat": 4}
    assert found[0]["learnt"] != found[1]["learnt"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--from", "6"], "from is '6': expected a layer of MobileNetV2"),
        (["--from", "classifier"], "features.7 to features.18"),
        (["--source", "nobody"], "nobody"),
        (["--trunk", "resnet"], "unknown trunk"),
        (["--set", "oxford"], "mobilenet_v2"),
        (["--resume"], "give that too"),
        (["--preset", "none"], "unknown preset"),
        (["--threads", "1000"], "threads is 1000: expected int from 1 to 256"),
        (["--workers", "5000"], "workers is 5000: expected int from 0 to 64"),
        (["--seed", str(1 << 80)], "seed is"),
        (["--output", "full"], "holds something else"),
    ],
)
def test_what_is_refused(
    images: Path,
    tmp_path: Path,
    words: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    assert train(images, *words) == 1
    printed = capsys.readouterr().err
    assert reason in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "colours").exists()


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "é"])
def test_a_task_s_name_is_plain(images: Path, name: str) -> None:
    with pytest.raises(SystemExit):
        cli.main(["task", "train", name, "--images", str(images)])


def test_a_folder_of_which_nothing_can_be_made(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (images / "cat").iterdir():
        path.write_text("no picture")
    assert train(images) == 1
    assert "is no data for a task" in capsys.readouterr().err
    assert not (tmp_path / "colours").exists()


def test_a_source_whose_weights_lie_elsewhere_is_refused(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the bytes of any file that its maker named would go into the task."""
    import onnx

    from tests import package_kit

    (tmp_path / "secret").write_bytes(bytes(range(256)) * 12)
    folder = package_kit.write(tmp_path / "mine")
    model = onnx.load(folder / "mine.onnx")
    tensor = next(item for item in model.graph.initializer if item.name == "stitch.bias")
    onnx.external_data_helper.set_external_data(tensor, "secret", length=len(tensor.raw_data))
    tensor.ClearField("raw_data")
    package_kit.rewrite(folder, "mine.onnx", model.SerializeToString())
    assert train(images, "--method", "transfer", "--source", str(folder)) == 1
    assert "expected them in its own" in capsys.readouterr().err
    assert not (tmp_path / "colours").exists()
