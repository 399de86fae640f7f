"""The latency, load and guard benchmarks from end to end, as short as they can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import sweep_kit
from trunkline_benchmarks.guard import command as guard
from trunkline_benchmarks.latency import command as latency
from trunkline_benchmarks.load import command as load

RIVALS = ["onnxruntime:224@75", "float32", "local:onnxruntime"]
OURS = "trunkline:webp:quality=60"


def test_latency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "latency.json"
    words = ["--systems", OURS, *RIVALS, "--codecs", "webp:quality=60", "--requests", "8"]
    words += ["--clients", "2", "--uplinks", "50/1", "--cores", "--logs", str(tmp_path / "logs")]
    words += ["--classes", str(sweep_kit.class_folder(tmp_path / "classes", 3))]
    assert latency.main([*words, "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    result = json.loads(output.read_text())
    assert set(result["systems"]) == {OURS, *RIVALS}
    assert {"decoder", "trunk", "tail ssd", "HTTP call", "gRPC call"} <= set(result["bare"])
    for name, found in result["systems"].items():
        (run,) = found["loopback"]
        assert run["statuses"] == {"200": 8}, name
        assert len(run["samples_ms"]) == 8
        assert found["accuracy"]["classifier"]["top1"] == 100, name
        assert len(found["uplinks"]) == (name != "local:onnxruntime")
        assert f"| {name} | 2 |" in shown
    ours = result["systems"][OURS]["loopback"][0]
    assert ours["edge_cpu_ms"] > 1
    assert ours["cloud_cpu_ms"] > 1
    assert {"trunk", "classifier/tail", "ssd/decode"} <= set(ours["stages_ms"])
    whole = result["systems"]["onnxruntime:224@75"]["loopback"][0]
    assert whole["cloud_cpu_ms"] > 1
    assert whole["sent_bytes"] < ours["sent_bytes"]


def test_latency_of_the_parts_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "parts.json"
    words = ["--systems", "--codecs", "raw", "--limit", "2", "--logs", str(tmp_path)]
    assert latency.main([*words, "--output", str(output)]) == 0
    assert json.loads(output.read_text())["bare"]["trunk"]
    assert "| trunk | " in capsys.readouterr().out


def test_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--systems", "--clients", "1", "--crowd", "40", "--crowd-seconds", "2"]
    words += ["--tasks", "2", "--starts", "1"]
    words += ["--requests", "60", "--codec", "raw", "--logs", str(tmp_path), "--json"]
    assert load.main(words) == 0
    result = json.loads(capsys.readouterr().out)
    one, crowd, patient = result["crowd"]["ours, refusing at once"]
    assert set(one["statuses"]) == {"200"}
    for run in (crowd, patient):
        assert set(run["statuses"]) == {"200", "429"}
        assert 2 <= run["seconds"] < 12
    assert patient["statuses"]["429"] < crowd["statuses"]["429"]
    _, waiting, _ = result["crowd"]["ours"]
    assert waiting["statuses"].get("429", 0) < crowd["statuses"]["429"] / 2
    assert set(waiting["statuses"]) <= {"200", "429"}
    assert result["tasks"][0]["statuses"] == {"200": 60}
    assert set(result["starts"][0]["ready_s"]) == {"classifier", "ssd", "edge"}


def test_guard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "guard.json"
    words = ["--classes", str(sweep_kit.class_folder(tmp_path / "classes", 6))]
    words += ["--boxes", str(sweep_kit.voc_kit(tmp_path / "VOCdevkit", 4))]
    words += ["--codec", "png", "--enlarge", "1", "3", "--logs", str(tmp_path)]
    assert guard.main([*words, "--output", str(output)]) == 0
    rows = json.loads(output.read_text())["rows"]
    assert [(row["figure"], row["enlarged"]) for row in rows] == [
        ("Top-1", 1),
        ("mAP", 1),
        ("Top-1", 3),
        ("mAP", 3),
    ]
    assert all(row["plain"] == row["served"] for row in rows if row["enlarged"] == 1)
    assert "| Top-1 | 1 | 6 |" in capsys.readouterr().out


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert latency.main(["--images", str(tmp_path), "--systems"]) == 1
    assert capsys.readouterr().err == f"latency: no JPEG files below {tmp_path}: expected some\n"
    assert load.main(["--systems", "triton", "--logs", str(tmp_path)]) == 1
    assert "load: unknown system 'triton'" in capsys.readouterr().err
