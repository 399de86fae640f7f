"""`trunkline fit` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.samples import photograph
from trunkline import cli

pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def test_tails_of_the_bundle_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "imagenet_val_1300"
    folder.mkdir()
    photograph("chelsea").save(folder / "chelsea.png")
    (folder / "manifest.csv").write_text("path,class_index\nchelsea.png,285\n")
    arguments = ["fit", "evaluate", "--task", "classifier", "--data", str(tmp_path), "--json"]
    assert cli.main(arguments) == 0
    output = capsys.readouterr()
    metrics = json.loads(output.out)["classifier"]
    assert metrics == {
        "pictures": 1,
        "top1": 100.0,
        "top5": 100.0,
        "top1_8bit": 100.0,
        "top5_8bit": 100.0,
    }
    assert "classifier: 1/1" in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--task", "ssd"], "check --data"),
        (["evaluate", "--task", "poses"], "the pairs that exist"),
        (["evaluate", "--set", "oxford", "--trunk", "vgg16"], "build --trunk vgg16 --set oxford"),
        (["classifier", "--output", "x", "--penalty", "-1"], "expected more than 0"),
        (["classifier", "--output", "x", "--limit", "-1"], "expected 0 (all) or more"),
        (["ssd", "--output", "x", "--iou", "2"], "expected between 0 and 1"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    assert cli.main(["fit", *arguments, "--data", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
