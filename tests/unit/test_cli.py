"""The command line through its own door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests.samples import features
from trunkline import cli, quantize, tiling
from trunkline.codecs.png import Png

CHELSEA = str(files("trunkline.demo") / "pictures" / "chelsea.jpg")


def test_every_command_of_the_contract_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for name in ["demo", "up", "edge", "task", "infer", "encode", "decode", "weights", "doctor"]:
        assert f"\n    {name} " in shown


@pytest.mark.parametrize("name", sorted(cli.find_commands()))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if cli.find_commands()[name].lack:
        assert cli.main([name, "--help"]) == 1
        assert "pip install 'trunkline[" in capsys.readouterr().err
        return
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    assert stopped.value.code == 0
    assert "usage: trunkline" in capsys.readouterr().out


def test_wrong_words_are_answered_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["encode", "--nothing"])
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said.startswith("trunkline encode: ")
    assert said.endswith("; see trunkline encode --help\n")
    assert said.count("\n") == 1


def test_importing_the_library_loads_nothing_heavy() -> None:
    heavy = {"torch", "openvino", "onnxruntime", "grpc", "fastapi", "av", "PIL", "numpy"}
    heavy.add("google.protobuf")
    code = f"import sys, trunkline; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_encoding_does_not_load_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from trunkline.cli import main;"
        f"main(['encode', {CHELSEA!r}, '--codec', 'raw', '-o', {str(tmp_path / 'f')!r}]);"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def fake_entries(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint("odd", value, cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])


def test_a_command_that_cannot_be_loaded_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_entries(monkeypatch, "nowhere.at_all:command")
    assert cli.main(["odd"]) == 1
    assert capsys.readouterr().err == (
        "trunkline odd: cannot be loaded: No module named 'nowhere'\n"
    )


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trunkline.command.find_spec", lambda name: None)
    assert cli.main(["encode", CHELSEA, "-o", "f"]) == 1
    assert capsys.readouterr().err == (
        "trunkline encode: this subcommand needs an optional library: "
        "pip install 'trunkline[edge]'\n"
    )


def encode(output: Path, *options: str) -> None:
    assert cli.main(["encode", CHELSEA, "-o", str(output), *options]) == 0


def test_a_frame_file_keeps_all_that_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, tensor = tmp_path / "chelsea.frame", tmp_path / "chelsea.npy"
    encode(frame, "--frame", "--codec", "png", "--bits", "16")
    assert cli.main(["decode", str(frame), "-o", str(tensor), "--json"]) == 0
    fields = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert fields["image_size"] == [451, 300]
    assert fields["shape"] == [32, 28, 28]
    step = (fields["max"] - fields["min"]) / 65535
    np.testing.assert_allclose(np.load(tensor), features(), atol=step)


@pytest.mark.parametrize("codec", ["bpg", "png", "webp", "jpegxl"])
def test_a_payload_file_is_a_picture(codec: str, tmp_path: Path) -> None:
    payload, mosaic = tmp_path / f"chelsea.{codec}", tmp_path / "mosaic.png"
    lossless = [] if codec == "png" else ["--param", "lossless=true"]
    encode(payload, "--codec", codec, *lossless)
    assert cli.main(["decode", str(payload), "-o", str(mosaic)]) == 0
    png = mosaic.read_bytes()
    shape, _ = Png().probe(png)
    plane = Png().decode(png, shape)
    plane = plane if plane.ndim == 2 else plane[..., 0]
    np.testing.assert_array_equal(plane, tiling.mosaic(quantize.minmax(features()).samples))


def test_a_lossy_frame_becomes_the_mosaic_that_was_sent(tmp_path: Path) -> None:
    frame, payload = tmp_path / "f.frame", tmp_path / "f.webp"
    encode(frame, "--frame", "--codec", "webp", "--quality", "50")
    encode(payload, "--codec", "webp", "--quality", "50")
    for source, target in ((frame, "a.png"), (payload, "b.png")):
        assert cli.main(["decode", str(source), "-o", str(tmp_path / target)]) == 0
    grey = Png().decode((tmp_path / "a.png").read_bytes(), (112, 224))
    colour = Png().decode((tmp_path / "b.png").read_bytes(), (112, 224, 3))
    np.testing.assert_array_equal(grey, colour[..., 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode", "nowhere.jpg", "-o", "f"], "cannot read nowhere.jpg: No such file"),
        (["encode", CHELSEA, "-o", "no/such/folder/f", "--codec", "raw"], "cannot write"),
        (["encode", __file__, "-o", "f", "--codec", "raw"], "not a known picture format"),
        (["encode", CHELSEA, "-o", "f", "--codec", "webp", "--qp", "3"], "no parameter 'qp'"),
        (["encode", CHELSEA, "-o", "f", "--codec", "webp", "--quality", "101"], "from 0 to 100"),
        (["encode", CHELSEA, "-o", "f", "--codec", "webp", "--param", "quality=x"], "whole number"),
        (["encode", CHELSEA, "-o", "f", "--codec", "webp", "--param", "quality"], "NAME=VALUE"),
        (["encode", CHELSEA, "-o", "f", "--codec", "webp", "--bits", "16"], "webp takes 8 bits"),
        (["encode", CHELSEA, "-o", "f", "--codec", "raw", "--weights", "x"], "no trunk"),
        (["encode", CHELSEA, "-o", "f", "--codec", "raw", "--engine", "x"], "unknown engine 'x'"),
        (["decode", __file__], "no payload that tells its codec, and no frame"),
        (["encode", CHELSEA, "-o", "f", "--codec", "raw", "--trunk", "vgg16"], "vgg16/oxford"),
        (["decode", __file__, "-o", "f.bmp"], "expected a .png or .npy"),
        (["infer", CHELSEA, "--edge", "http://127.0.0.1:9"], "no edge answers at"),
        (["infer", CHELSEA, "--edge", "ftp://x"], "is no edge's address"),
        (["infer", "nowhere.jpg"], "cannot read nowhere.jpg"),
        (["up", "--weights", "imagenet-22k"], "imagenet-22k"),
        (["up", "--port", "8080", "--task-port", "8080"], "two services on one port"),
        (["up", "--task-port", "65535"], "port 65536 for ssd does not exist"),
        (["encode", CHELSEA, "-o", CHELSEA], "is the input"),
        (["encode", CHELSEA, "-o", "f", "--qp", "3", "--param", "qp=4"], "qp is given twice"),
        (["infer", CHELSEA, "--edge", "http://localhost:nine"], "is no edge's address"),
        (["decode", "/dev/null"], "is empty"),
        (["up", "--port", "70000"], "port 70000 for edge does not exist"),
    ],
)
def test_errors_are_one_line_and_exit_1(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "store"))  # nothing was built there
    assert cli.main(arguments) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.startswith(f"trunkline {arguments[0]}: ")
    assert shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_half_written(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    assert cli.main(["encode", CHELSEA, "-o", str(target), "--codec", "raw"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_codecs_are_listed_with_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["codecs"]) == 0
    shown = capsys.readouterr().out
    assert "\n  qp         int 0 to 51, default 32\n" in shown
    assert cli.main(["codecs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [info["id"] for info in listed] == sorted(info["id"] for info in listed)
    assert listed[-1]["parameters"]["quality"] == {
        "type": "int",
        "min": 0,
        "max": 100,
        "default": 80,
    }


def test_a_small_file_of_a_huge_picture_is_not_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(Png().encode(np.zeros((4000, 4000), np.uint8)))
    assert cli.main(["decode", str(path)]) == 1
    assert "claims (4000, 4000)" in capsys.readouterr().err


def test_outputs_go_through_links_and_pipes(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_bytes(b"old")
    link.symlink_to(target)
    encode(link, "--codec", "raw")
    assert link.is_symlink()
    assert len(target.read_bytes()) == 112 * 224
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    encode(pipe, "--codec", "raw")
    assert reader.communicate()[0] == target.read_bytes()
    assert pipe.is_fifo()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    command = f"ulimit -f 8; exec {sys.executable} -m trunkline.cli encode {CHELSEA}"
    done = subprocess.run(
        ["bash", "-c", f"{command} --codec raw -o {tmp_path / 'f'}"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_doctor_finds_the_released_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert findings["models"]["mobilenet_v2/keras-160/trunk"] == "ok"
    assert findings["engines"]["openvino"] == "ok"
    assert set(findings["codecs"]) >= {"raw", "png", "webp", "bpg"}
    assert findings["problems"] == []


def test_doctor_reports_a_damaged_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models" / "mobilenet_v2" / "torchvision-v1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    assert cli.main(["doctor", "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert findings["models"]["mobilenet_v2/keras-160/trunk"] == "ok"
    assert len(findings["problems"]) == 1
    assert "torchvision-v1" in findings["problems"][0]


def test_doctor_reports_a_damaged_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline.weights.store import bundle_root

    source = bundle_root() / "mobilenet_v2" / "keras-160"
    folder = tmp_path / "models" / "mobilenet_v2" / "keras-160"
    folder.mkdir(parents=True)
    for file in source.iterdir():
        data = file.read_bytes()
        (folder / file.name).write_bytes(data[:-1] if file.name == "trunk.onnx" else data)
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    assert cli.main(["doctor"]) == 1
    assert "problem: model mobilenet_v2/keras-160/trunk: " in capsys.readouterr().out
