"""`trunkline task new` and `task compare`: the whole way on made-up pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import train_kit
from trunkline import cli
from trunkline.weights import package

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

FAST = [
    "--preset",
    "quick",
    "--threads",
    "1",
    "--batch",
    "4",
    "--lr",
    "0.01",
    "--test-share",
    "0.3",
]
NEW = [*FAST, "--codecs", "webp:quality=80"]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return train_kit.classes(tmp_path, 12)


def new(images: Path, *words: str) -> int:
    return cli.main(["task", "new", "colours", "--images", str(images), *NEW, *words])


def test_from_pictures_to_a_task_with_its_report(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.link(images / "cat" / "1.png", images / "cat" / "copy of 1.png")
    assert new(images, "--method", "transfer") == 0
    printed, said = capsys.readouterr()
    for words in ("trunkline task serve colours", "trunkline task add colours", "report.md"):
        assert words in printed
    for words in ("1/4", "2/4", "3/4", "4/4", "more than once, used once"):
        assert words in said

    made = package.read(tmp_path / "colours")
    assert made.tail.metrics["pictures"] == 8
    assert made.tail.metrics["accuracy"] == 100
    assert "accuracy_webp_quality_80_drop" in made.tail.metrics
    assert f"accuracy: {made.tail.metrics['accuracy']:g}" in made.tail.card.text()
    assert {path.name for path in (tmp_path / "colours").iterdir()} == {
        "task.json",
        "colours.onnx",
        "colours.labels.txt",
        "colours.md",
    }
    report = json.loads((tmp_path / "colours.report" / "report.json").read_text())
    assert "held back when the task was made" in report["about"]["pictures"]
    assert report["about"]["left out"].startswith("1 file")

    command = ["task", "eval", "colours", "--images", str(images), "--codecs", "webp:quality=80"]
    assert cli.main([*command, "--report", "again", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["ways"] == report["ways"]


def test_what_was_all_learnt_from_cannot_be_tested(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(images, "--test-share", "0") == 1
    assert "no picture is held to test on" in capsys.readouterr().err
    words = ["task", "train", "colours", "--images", str(images), *FAST, "--test-share", "0"]
    assert cli.main([*words, "--method", "transfer"]) == 0
    assert cli.main(["task", "eval", "colours", "--images", str(images), "--codecs"]) == 1
    assert "none was held back" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda cats: [path.unlink() for path in cats.iterdir()], "1 without a usable picture"),
        (lambda cats: [path.rename(cats.parent / path.name) for path in cats.iterdir()], "usable"),
        (
            lambda cats: [cats / "0.png", *map(Path.unlink, sorted(cats.iterdir())[2:])],
            "needs 3 a class",
        ),
    ],
)
def test_pictures_of_which_none_is_made(
    images: Path,
    tmp_path: Path,
    spoil: Callable[[Path], Any],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(images / "cat")
    assert new(images) == 1
    error = capsys.readouterr().err
    assert reason in error
    assert "Traceback" not in error
    assert not (tmp_path / "colours").exists()


def test_names_with_blanks_and_letters_of_all_kinds(images: Path, tmp_path: Path) -> None:
    (images / "cat").rename(images / "grüne Katze 猫")
    (images / "boat" / "0.png").rename(images / "boat" / "ein Boot ⛵.png")
    assert new(images, "--method", "transfer") == 0
    assert package.read(tmp_path / "colours").tail.labels() == ("boat", "grüne Katze 猫")


def compare(images: Path, *words: str) -> int:
    return cli.main(["task", "compare", *words, "--images", str(images), *FAST])


def test_methods_and_a_whole_network_side_by_side(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchvision import models

    torch.manual_seed(3)
    torch.save(models.resnet18(weights=None).state_dict(), tmp_path / "random.pth")
    whole = f"torchvision:resnet18={tmp_path / 'random.pth'}"
    assert compare(images, "mobilenet_v2/keras-160:transfer", whole, "--report", "out") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("| what | accuracy | macro precision")
    assert printed[2].startswith("| mobilenet_v2/keras-160:transfer | 100.00 (67.56 to 100.00)")
    assert printed[3].startswith(f"| {whole} |")
    assert (tmp_path / "out" / "compare.md").is_file()
    for name in ("mobilenet-v2-keras-160-transfer", "torchvision-resnet18"):
        assert (tmp_path / "out" / name / "confusion.png").is_file()


def test_what_was_reached_before_a_failure_is_kept(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mobilenet_v2/keras-160:transfer", "torchvision:nothing", "--report", "out"]
    assert compare(images, *words) == 1
    assert "accuracy 100.00 (67.56 to 100.00)" in capsys.readouterr().err
    table = (tmp_path / "out" / "compare.md").read_text()
    assert "| mobilenet_v2/keras-160:transfer | 100.00" in table


def test_a_comparison_s_report_among_the_pictures(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(images, "--report", str(images / "out")) == 1
    assert "where it would be a class" in capsys.readouterr().err


def test_without_names_every_stored_trunk_is_compared(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(images, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "mobilenet_v2/keras-160:transfer",
        "mobilenet_v2/keras-160:finetune",
    ]
    assert all(one["pictures"] == 8 for one in found.values())


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("mobilenet_v2/keras-160", "expected TRUNK/SET:transfer"),
        ("mobilenet_v2/keras-160:both", "expected TRUNK/SET:transfer"),
        ("resnet/x:transfer", "unknown trunk"),
        ("torchvision:nothing", "unknown network of torchvision"),
        ("torchvision:mobilenet_v2=broken.pth", "has no weights of this network"),
        ("torchvision:mobilenet_v2=missing.pth", "has no weights of this network"),
    ],
)
def test_what_cannot_be_compared(
    images: Path, tmp_path: Path, what: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.pth").write_bytes(b"\x80\x02cos\nsystem\n")
    assert compare(images, what) == 1
    error = capsys.readouterr().err
    assert reason in error
    assert "Traceback" not in error


def test_timm_is_an_extra(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "timm", None)
    assert compare(images, "timm:inception_v4") == 1
    assert "trunkline[compare]" in capsys.readouterr().err
