"""`trunkline weights` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from trunkline import cli
from trunkline.weights.store import bundle_root


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    return tmp_path / "home"


def test_list_names_what_there_is_and_what_can_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "list"]) == 0
    text = capsys.readouterr().out
    assert "mobilenet_v2/keras-160  trunk bottleneck7 32x28x28" in text
    assert "  classifier: " in text
    assert "vgg16/oxford  not built: trunkline weights build --set oxford" in text


def test_list_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "list", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["models"][0]["trunk"]["set"] == "keras-160"
    assert {"trunk": "vgg16", "set": "oxford"} in data["buildable"]


def released_copy(home: Path) -> Path:
    """The released set as a user's own, to be damaged; its folder."""
    released = bundle_root() / "mobilenet_v2" / "keras-160"
    folder = home / "models" / "mobilenet_v2" / "keras-160"
    folder.mkdir(parents=True)
    for path in released.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


FILES = {"trunk.onnx", "trunk.md"} | {
    f"{task}.{suffix}" for task in ("classifier", "ssd") for suffix in ("onnx", "labels.txt", "md")
}


def test_verify_checks_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "verify", "--json"]) == 0
    names = {Path(path).name for path in json.loads(capsys.readouterr().out)["verified"]}
    assert names == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_verify_finds_a_damaged_file(
    home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = released_copy(home) / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert cli.main(["weights", "verify", "--set", "keras-160"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if not line.endswith(": ok")] == said[-1:]
    assert f"{name} is damaged" in said[-1]
    assert "trunkline weights build --trunk mobilenet_v2 --set keras-160" in said[-1]
    assert len(said) == len(FILES)


@pytest.fixture
def broken(home: Path) -> Path:
    """A manifest of the user's store that is none."""
    path = home / "models" / "vgg16" / "oxford" / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"format": 2')
    return path


def test_a_damaged_manifest_leaves_the_others_usable(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["weights", "list"]) == 0
    said = capsys.readouterr().out
    assert "mobilenet_v2/keras-160  trunk" in said
    assert f"damaged: {broken} cannot be read" in said
    assert "oxford  not built" not in said
    assert cli.main(["weights", "verify", "--set", "keras-160"]) == 0
    assert cli.main(["weights", "path", "--set", "keras-160"]) == 0


def test_verify_reports_a_damaged_manifest_and_what_mends_it(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["weights", "verify"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len([line for line in said if line.endswith(": ok")]) == len(FILES)
    assert "trunkline weights build --trunk vgg16 --set oxford" in said[-1]
    assert cli.main(["weights", "verify", "--json"]) == 1
    assert list(json.loads(capsys.readouterr().out)["damaged"]) == [str(broken)]


@pytest.mark.parametrize("action", ["verify", "path"])
def test_a_damaged_set_that_is_asked_for_is_refused(
    broken: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["weights", action, "--set", "oxford"]) == 1
    error = capsys.readouterr().err
    assert f"{broken} cannot be read" in error
    assert error.count("\n") == 1


def test_doctor_notices_other_labels(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = released_copy(home) / "ssd.labels.txt"
    path.write_text(path.read_text().replace("person", "parson"))
    cli.main(["doctor", "--json"])
    models = json.loads(capsys.readouterr().out)["models"]
    assert "ssd.labels.txt is damaged" in models["mobilenet_v2/keras-160/ssd"]
    assert models["mobilenet_v2/keras-160/classifier"] == "ok"


def test_path(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "path"]) == 0
    assert capsys.readouterr().out.split() == [str(home / "models"), str(bundle_root())]
    assert cli.main(["weights", "path", "--set", "keras-160"]) == 0
    assert capsys.readouterr().out.strip() == str(bundle_root() / "mobilenet_v2" / "keras-160")


@pytest.mark.parametrize("action", ["verify", "path"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--trunk", "vgg16"], "--trunk vgg16 alone says no set: add --set oxford"),
        (["--trunk", "resnet"], "unknown trunk 'resnet': expected one of mobilenet_v2, vgg16"),
        (["--set", "oxford"], "build it with: trunkline weights build --trunk vgg16 --set oxford"),
        (["--trunk", "mobilenet_v2", "--set", "oxford"], "belongs to trunk vgg16"),
    ],
)
def test_a_choice_that_names_nothing_says_what_does(
    action: str, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["weights", action, *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_set_of_another_trunk_says_whose_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, output = tmp_path / "a.png", tmp_path / "a.bin"
    Image.new("RGB", (8, 8)).save(picture)
    encode = ["encode", str(picture), "-o", str(output), "--weights", "oxford"]
    for words in (encode, ["demo", "--once", "--weights", "oxford"]):
        assert cli.main(words) == 1
        assert "oxford belongs to trunk vgg16: choose it with --trunk vgg16" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize("action", ["build", "fetch", "verify", "path"])
def test_help_names_the_sets(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["weights", action, "--help"])
    assert "keras-160, torchvision-v1, oxford" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("action", ["build", "fetch", "verify", "path"])
def test_unknown_sets_name_the_known_ones(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", action, "--set", "keras-320"]) == 1
    error = capsys.readouterr().err
    assert "expected one of mobilenet_v2/keras-160" in error
    assert error.count("\n") == 1


def test_fetch_checks_a_file_at_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "dog_breed_mobilenetv2.h5"
    wrong.write_bytes(b"a cat")
    assert cli.main(["weights", "fetch", "--set", "keras-160", "--from", str(wrong)]) == 1
    assert "expected 272e38e5be14" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["build", "fetch"])
def test_a_missing_path_is_named(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    missing = str(tmp_path / "missing")
    assert cli.main(["weights", action, "--set", "keras-160", "--from", missing]) == 1
    assert f"{missing} does not exist: expected dog_breed_mobilenetv2.h5" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("action", ["build", "fetch"])
def test_a_file_in_the_place_of_the_home_is_one_line(
    action: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    home.write_text("no folder")
    assert cli.main(["weights", action, "--set", "torchvision-v1"]) == 1
    assert_one_line_about(home, capsys.readouterr().err)


def test_a_file_in_the_place_of_the_output_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    output = tmp_path / "afile"
    output.write_text("no folder")
    words = ["weights", "build", "--set", "torchvision-v1", "--output", str(output)]
    assert cli.main(words) == 1
    assert_one_line_about(output, capsys.readouterr().err)


def assert_one_line_about(path: Path, error: str) -> None:
    assert error.startswith("trunkline weights: cannot ")
    assert str(path) in error
    assert error.count("\n") == 1


def light(action: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A subcommand where the extra `build` is not installed."""
    script = (
        "import sys\n"
        "for name in ('onnx', 'onnxruntime', 'h5py', 'safetensors', 'torch', 'openvino'):\n"
        "    sys.modules[name] = None\n"
        "from trunkline.cli import main\n"
        f"sys.exit(main({['weights', action, '--set', 'keras-160', *words]!r}))"
    )
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_missing_extra_is_named() -> None:
    done = light("build")
    assert done.returncode == 1
    assert "pip install 'trunkline[build]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_fetch_needs_no_extra(tmp_path: Path) -> None:
    wrong = tmp_path / "dog_breed_mobilenetv2.h5"
    wrong.write_bytes(b"a cat")
    done = light("fetch", "--from", str(wrong))
    assert done.returncode == 1
    assert "expected 272e38e5be14" in done.stderr
    assert done.stderr.count("\n") == 1
