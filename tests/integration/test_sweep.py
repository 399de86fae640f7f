"""`trunkline sweep` as a new user has it: a folder of 30 pictures, one command."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.sweep_kit import class_folder, voc_kit, without_plots
from trunkline import cli
from trunkline.weights.store import bundle_root
from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.work import TIMINGS

pytest.importorskip("matplotlib", reason="plots need the extra bench")

PICTURES = 30
SETTINGS = (
    *("--codec", "webp", "--quality", "10", "30", "50", "80"),
    *("--picture", "jpeg", "--quality", "10", "30", "50", "90"),
)


def sweep(*words: str | Path) -> int:
    """The command's exit code."""
    return cli.main(["sweep", *map(str, words)])


def rows(folder: Path) -> list[Row]:
    """The results without their header and without what differs from run to run."""
    lines = (folder / "results.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines[1:]]
    return [{k: v for k, v in row.items() if k not in TIMINGS} for row in found]


def points(folder: Path) -> dict[str, dict[str, Any]]:
    """The summary by setting."""
    summary = json.loads((folder / "summary.json").read_text())
    return {point["key"]: point for point in summary["points"]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `val` in ImageNet's layout, and `out`, what the command made of it."""
    folder = tmp_path_factory.mktemp("sweep")
    class_folder(folder / "val", PICTURES)
    arguments = ("--cache", folder / "cache", "--output", folder / "out", "--jobs", "2")
    assert sweep("--data", folder / "val", *arguments, *SETTINGS) == 0
    return folder


def test_a_folder_of_thirty(home: Path) -> None:
    """Rows and what they come to."""
    found = points(home / "out")
    reference, fine = found["floats float32"], found["features webp luma quality=80"]
    assert reference["scores"]["top1"] > 50
    assert reference["changes"]["top1"] == {"points": 0, "low": 0, "high": 0}
    assert 5000 < fine["payload_bytes"] < fine["wire_bytes"] < 12000
    assert abs(fine["changes"]["top1"]["points"]) < 20 < fine["scores"]["agree"]
    assert found["picture jpeg quality=75"]["percent"] == 100
    assert len(rows(home / "out")) == PICTURES * len(found)


def test_plots_are_there(home: Path) -> None:
    """Each as PNG and SVG, with the picture's curves among the features'."""
    for name in ("accuracy", "paper", "histogram", "elements"):
        path = home / "out" / "plots" / f"{name}.png"
        assert path.read_bytes().startswith(b"\x89PNG")
        assert "<svg" in path.with_suffix(".svg").read_text()
    drawn = (home / "out" / "plots" / "accuracy.svg").read_text()
    assert "features webp luma" in drawn
    assert "picture jpeg" in drawn


def test_the_report_needs_nothing_else(home: Path) -> None:
    """No script, nothing from elsewhere, no pictures; the same figures as the Markdown."""
    html = (home / "out" / "report.html").read_text()
    assert not re.search(r"<script|<link|<im(g|age)|src=|url\((?!#)|@import", html)
    assert set(re.findall(r"https?://([\w.]+)", html)) <= {"www.w3.org"}
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(set(identifiers)) == len(identifiers)
    assert "prefers-color-scheme: dark" in html
    tables = (home / "out" / "results.md").read_text()
    quality = re.search(r"^\| 80 \| 46\.55 \| 51\.78 \|.*", tables, re.MULTILINE)
    assert quality is not None, "the paper's row of table 7 is missing"
    for cell in quality[0].split("|")[1:-1]:
        assert f">{cell.strip()}<" in html


def test_again_with_other_settings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there is kept. Other pictures are another run, which another folder is for."""
    without_plots(monkeypatch)
    output = tmp_path / "out"
    shutil.copytree(home / "out", output)
    words = ("--data", home / "val", "--cache", home / "cache", "--output", output)
    assert sweep(*words, "--json", "--jobs", "1", "--codec", "webp", "--quality", "30") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["data"] == f"{home.name}/val, {PICTURES} pictures"
    assert said["note"].startswith("7 more settings of earlier commands are kept and not shown")
    assert (
        "30 pictures are few: one answer more or less is 3.3 points"
        in (output / "results.md").read_text()
    )
    assert len(said["points"]) == 3
    kept = {row["setting"] for row in rows(output)}
    assert [row for row in rows(home / "out") if row["setting"] in kept] == rows(output)
    assert sweep(*words, "--limit", "5", "--codec", "webp") == 1
    assert "belongs to another run: data was" in capsys.readouterr().err


def test_a_development_kit_of_thirty(tmp_path: Path) -> None:
    """Detection: mean average precision on objects that the detector knows."""
    data, output = voc_kit(tmp_path / "VOCdevkit", PICTURES), tmp_path / "out"
    words = ("--data", data, "--cache", tmp_path / "cache", "--output", output, "--jobs", "1")
    assert sweep("--task", "ssd", *words, "--codec", "webp", "--quality", "1", "80") == 0
    found = points(output)
    reference = found["floats float32"]["scores"]["map"]
    assert reference > 20
    assert found["features webp luma quality=80"]["changes"]["map"]["points"] > -reference / 2
    agree = [found[f"features webp luma quality={it}"]["scores"]["agree"] for it in (1, 80)]
    assert agree[0] < agree[1]
    # two points are no curve to compare, but they are drawn
    assert "features webp luma" in (output / "plots" / "accuracy.svg").read_text()
    assert "Table 9: detection, WebP" in (output / "results.md").read_text()


def test_a_trunk_without_the_tail(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes and tensors are measured, and it is said that nothing else is."""
    folder = tmp_path / "home" / "models" / "mobilenet_v2" / "keras-160"
    shutil.copytree(bundle_root() / "mobilenet_v2" / "keras-160", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"tails": []}))
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    output = tmp_path / "out"
    words = ("--data", home / "val", "--limit", "3", "--cache", tmp_path, "--output", output)
    assert sweep(*words, "--jobs", "1", "--codec", "webp", "--quality", "10..90..20") == 0
    said = "mobilenet_v2/keras-160 has no tail for classifier: only bytes and feature tensors"
    assert said in capsys.readouterr().err
    assert said in (output / "results.md").read_text()
    found = points(output)
    assert found["floats float32"]["scores"] == {"snr": 140}
    decibels = [found[f"features webp luma quality={it}"]["scores"]["snr"] for it in (10, 50, 90)]
    assert decibels == sorted(decibels)
