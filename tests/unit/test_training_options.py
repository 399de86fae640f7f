"""Settings of trainings: where they come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline import cli
from trunkline.errors import ParameterError, UnknownNameError
from trunkline_training.train import options
from trunkline_training.train.command import KINDS
from trunkline_training.train.config import DistilTraining, SsdTraining


def test_flags_go_before_the_file_and_the_file_before_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "ssd.toml"
    file.write_text('lr = 1\nepochs = 7\ndata = ["a", "b:trainval"]\n')
    config = options.collect(SsdTraining, "ssd", "paper", file, {"epochs": 9})
    assert (config.epochs, config.lr, config.batch) == (9, 1.0, 32)
    assert config.data == ("a", "b:trainval")
    assert config.head == "paper"


def test_the_paper_says_how_it_trained() -> None:
    config = options.collect(SsdTraining, "ssd", "paper", None, {})
    assert (config.optimizer, config.lr, config.momentum, config.batch) == ("sgd", 0.001, 0.9, 32)
    distilled = options.collect(DistilTraining, "distil", "paper", None, {})
    assert (distilled.lr, distilled.batch) == (0.01, 128)


@pytest.mark.parametrize("kind", KINDS)
def test_every_preset_is_one_that_can_be_had(kind: str) -> None:
    assert kind == "stitch" or {"paper", "quick"} <= set(options.presets(kind))
    for preset in options.presets(kind):
        options.collect(KINDS[kind], kind, preset, None, {})


def test_an_unknown_key_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "ssd.toml"
    file.write_text("learning_rate = 0.1\n")
    with pytest.raises(UnknownNameError, match=r"'learning_rate': expected one of augment, .*, lr"):
        options.collect(SsdTraining, "ssd", "", file, {})


def test_a_file_may_name_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "ssd.toml"
    file.write_text('preset = "quick"\nepochs = 5\n')
    found = options.collect(SsdTraining, "ssd", "", file, {"batch": 3})
    assert (found.epochs, found.batch, found.limit) == (5, 3, 24)
    other = options.collect(SsdTraining, "ssd", "light", file, {})
    assert (other.epochs, other.limit) == (5, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = -1", "lr is -1.0: expected float from 0 to 10"),
        ("lr = nan", "lr is nan"),
        ("epochs = 2.5", "epochs is 2.5: expected int from 0"),
        ("epochs = true", "epochs is True"),
        ('optimizer = "adam"', "optimizer is 'adam': expected sgd or adamw"),
        ('data = "VOC2007"', "data is 'VOC2007': expected list"),
        ("milestones = [0.5, 2]", "milestones is"),
        ("lr = ", "is not TOML"),
    ],
)
def test_bad_values_are_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "ssd.toml"
    file.write_text(text)
    with pytest.raises(ParameterError) as caught:
        options.collect(SsdTraining, "ssd", "", file, {})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mixing_needs_pictures() -> None:
    with pytest.raises(ParameterError, match="mixup needs pictures"):
        DistilTraining(mixup=0.2, views=4)
    with pytest.raises(ParameterError, match="cutmix needs pictures"):
        DistilTraining(cutmix=0.2, views=4)


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorboardX")
    with pytest.raises(SystemExit, match="0"):
        cli.main(["train", "ssd", "--help"])
    text = capsys.readouterr().out
    for flag in ("--weight-decay", "--no-augment", "--preset", "--resume", "--iou-match"):
        assert flag in text
