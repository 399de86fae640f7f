"""Runs of prunings that were stopped, changed, locked; and what is refused before any training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import train_kit
from trunkline import cli
from trunkline.weights import ModelStore

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytest.importorskip("sb3_contrib")
pytestmark = pytest.mark.torch

from trunkline_training.train.alone import alone  # noqa: E402

FILE = """
from trunkline_benchmarks.pruning.vgg import vgg
import torch

def tiny(classes):
    torch.manual_seed(1)
    return vgg(classes, (8, 0, 16, 0, 16))

def other(classes):
    torch.manual_seed(2)
    return vgg(classes, (8, 0, 16, 0, 16))

def wide(classes):
    return vgg(classes, (8, 0, 32, 0, 16))
"""


class Pruned:
    """A module pruned by the command in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, folder / "run"
        (folder / "net.py").write_text(FILE)
        self.data = train_kit.classes(folder, 12)

    def __call__(self, *more: str, function: str = "tiny") -> int:
        words = ["prune", "module", f"{self.folder / 'net.py'}:{function}", "--preset", "quick"]
        words += ["--side", "16", "--threads", "1", "--parameters-removed", "0.5"]
        words += ["--data", str(self.data), "--run", str(self.run)]
        return cli.main([*words, "--output", str(self.folder / "out"), *more])


@pytest.fixture
def pruned(tmp_path: Path) -> Pruned:
    return Pruned(tmp_path)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on stderr."""
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("criterion", ["l1", "masks"])
def test_what_was_chosen_is_kept_for_its_own_settings_and_pictures(
    criterion: str, pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped behind the choice, before a checkpoint of the training that follows."""
    assert pruned("--criterion", criterion) == 0
    first = (pruned.folder / "out" / "module.onnx").read_bytes()
    shutil.rmtree(pruned.run / "pruned")
    assert pruned("--criterion", criterion) == 1
    assert "holds a run: give --resume" in said(capsys)
    more = ["--criterion", criterion, "--resume"]
    assert pruned(*more, "--parameters-removed", "0.6") == 1
    assert "parameters_removed was 0.5, is 0.6; give the same ones" in said(capsys)
    assert pruned(*more, function="other") == 1
    assert "pictures was" in said(capsys)
    assert pruned(*more) == 0
    assert (pruned.folder / "out" / "module.onnx").read_bytes() == first
    picture = next(pruned.data.rglob("*.png"))
    shutil.copy(sorted(pruned.data.rglob("*.png"))[-1], picture)
    assert pruned(*more) == 1
    assert "pictures was" in said(capsys)


def test_another_module_does_not_go_on(pruned: Pruned, capsys: pytest.CaptureFixture[str]) -> None:
    assert pruned("--replace", "double") == 0
    (pruned.run / "removed.json").unlink()
    for function in ("other", "wide"):
        assert pruned("--replace", "double", "--resume", function=function) == 1
        assert "replaced/last.pt belongs to other settings: pictures was" in said(capsys)


def test_a_replacements_training_is_not_written_over(
    pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pruned("--replace", "single") == 0
    shutil.rmtree(pruned.run / "pruned")
    (pruned.run / "removed.json").unlink()
    assert pruned("--replace", "single") == 1
    assert "replaced holds a run: give --resume" in said(capsys)


def test_one_pruning_in_a_folder_at_a_time(
    pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(pruned.run):
        assert pruned() == 1
    assert "another training goes on in" in said(capsys)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--criterion", "masks", "--parameters-removed", "0.98", "--least", "0.5"], "at most"),
        (["--replace", "double", "--parameters-removed", "0.98", "--least", "0.5"], "at most"),
        (["--criterion", "size"], "expected one of energy, hrank, l1, masks, random"),
        (["--criterion", "masks", "--multiple", "8"], "set spread to uniform and multiple to 1"),
        (["--criterion", "masks", "--spread", "global"], "set spread to uniform and multiple"),
    ],
)
def test_what_cannot_be_is_said_before_any_training(
    more: list[str], message: str, pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pruned(*more) == 1
    assert message in said(capsys)
    assert not [*pruned.run.rglob("*.pt"), *pruned.run.rglob("*.json")]


def test_an_output_that_is_no_folder_is_said_before_any_training(
    pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pruned("--output", str(pruned.folder / "net.py")) == 1
    assert f"cannot write to {pruned.folder / 'net.py'}" in said(capsys)
    assert not pruned.run.exists()


def test_a_trunk_that_goes_on_keeps_its_tails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And writes over no other trunk, whose name may have been given in between."""
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    data, output = f"{train_kit.boxes(tmp_path, 8)}:trainval", tmp_path / "models"
    words = ["prune", "trunk", "--preset", "quick", "--threads", "1", "--macs-removed", "0.2"]
    words += ["--data", data, "--output", str(output), "--name", "thin"]
    assert cli.main([*words, "--run", str(tmp_path / "run")]) == 0
    stitch = ["train", "stitch", "--set", "thin", "--donor", "keras-160", "--epochs", "0"]
    stitch += ["--teacher", "keras-160", "--data", data, "--output", str(output)]
    stitch += ["--validation", "0.25", "--threads", "1", "--run", str(tmp_path / "tail")]
    assert cli.main(stitch) == 0
    before = ModelStore((output,)).manifest("mobilenet_v2", "thin")
    assert cli.main([*words, "--run", str(tmp_path / "run"), "--resume"]) == 0
    after = ModelStore((output,)).manifest("mobilenet_v2", "thin")
    assert after.trunk.digest == before.trunk.digest
    assert [tail.sha256 for tail in after.tails] == [before.tails[0].sha256]

    again = [*words, "--run", str(tmp_path / "second"), "--seed", "2"]
    assert cli.main(again) == 1
    assert "holds a trunk: give another --name or --output" in said(capsys)
    assert cli.main([*again, "--resume"]) == 1
    assert "which is to be written; give another --output" in said(capsys)
    assert ModelStore((output,)).trunk("mobilenet_v2", "thin").digest == before.trunk.digest
    for name in ("keras-160", "torchvision-v1"):
        assert cli.main([*words, "--run", str(tmp_path / "third"), "--name", name]) == 1
        assert "is another trunk's name" in said(capsys)
