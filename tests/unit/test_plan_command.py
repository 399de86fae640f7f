"""`trunkline plan` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.samples import photograph
from trunkline import cli

COUNTS = ["plan", "--counts"]
QUICK = ["plan", "--engine", "onnxruntime", "--rounds", "2", "--codec", "raw"]


def test_without_pytorch_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trunkline.command.find_spec", lambda name: None)
    assert cli.main(COUNTS) == 1
    assert capsys.readouterr().err == (
        "trunkline plan: this subcommand needs an optional library: "
        "pip install 'trunkline[train]'\n"
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that holds nothing but the released bundle; PyTorch is there."""
    pytest.importorskip("torchvision")
    pytest.importorskip("onnx")
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    return tmp_path


@pytest.mark.torch
@pytest.mark.usefixtures("home")
def test_counts_of_both_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*COUNTS, "--trunk", "vgg16", "mobilenet_v2", "--tasks", "2"]) == 0
    shown = capsys.readouterr().out
    assert "vgg16: 13.959 of 15.470 GMAC lie before pool4" in shown
    assert "mobilenet_v2: 0.113 of 0.301 GMAC lie before bottleneck7" in shown
    lines = shown.splitlines()
    (pool4,) = [line for line in lines if line.startswith("pool4 *< ")]
    assert pool4.split()[2:5] == ["512x14x14", "100352", "66.7"]
    assert [line.split()[0] for line in lines if "<  " in line] == ["pool4", "bottleneck3"]
    saved = [line.split()[-1] for line in lines if "SSD224" in line]
    assert saved == ["42.99", "43.53", "3.65", "8.44", "11.23"]
    assert any(line.startswith("as published (42.30 in its abstract)") for line in lines)
    assert any(line.startswith("as published (10.83 in its abstract)") for line in lines)
    assert max(map(len, lines)) <= 100
    assert "measured here" not in shown


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One measured run: its JSON and its Markdown."""
    pytest.importorskip("torchvision")
    folder = tmp_path_factory.mktemp("plan")
    photograph("coffee").save(folder / "coffee.png")
    markdown, output = folder / "plan.md", folder / "plan.json"
    with pytest.MonkeyPatch.context() as patch, output.open("w") as file:
        patch.setenv("TRUNKLINE_HOME", str(folder / "home"))
        patch.setattr("sys.stdout", file)
        options = ["--images", str(folder), "--mbit", "1", "1000", "--edge-slowdown", "4"]
        assert cli.main([*QUICK, *options, "--json", "--markdown", str(markdown)]) == 0
    found: dict[str, Any] = json.loads(output.read_text())
    return found | {"markdown": markdown.read_text()}


@pytest.mark.torch
def test_bytes_and_milliseconds_are_measured_at_every_cut(measured: dict[str, Any]) -> None:
    (network,) = measured["networks"]
    found = network["measured"]
    for cut in network["cuts"]:
        name = cut["cut"]["name"]
        # raw is one byte an element
        assert found["codings"][name]["payload_bytes"] == [cut["elements"]]
        assert [len(samples) for samples in found["timings"][name].values()] == [2, 2]
        assert min(*found["timings"][name]["before_ms"], *found["timings"][name]["after_ms"]) > 0
    assert len(found["codings"]) == 18
    assert 5_000 < found["jpeg"]["payload_bytes"][0] < 20_000
    assert measured["settings"]["pictures"] == 1


@pytest.mark.torch
def test_the_choice_follows_from_the_measurements(measured: dict[str, Any]) -> None:
    (network,) = measured["networks"]
    chosen = network["choice"]
    latency = {option["name"]: option["latency_ms"]["1"] for option in chosen["options"]}
    cuts = [cut["cut"]["name"] for cut in network["cuts"]]
    assert list(latency) == ["all in the cloud", *cuts, "all on the edge"]
    assert chosen["best"]["1"] == min(latency, key=lambda name: latency[name])
    assert chosen["spans"][0]["high"] is None
    assert chosen["spans"][-1]["low"] == 0
    whole_ms = sorted(network["measured"]["whole_ms"])
    assert latency["all on the edge"] == pytest.approx(4 * sum(whole_ms) / 2)
    stem = next(option for option in chosen["options"] if option["name"] == "stem")
    # 20 ms round trip and 401408 bytes at 1000 bits a millisecond
    expected = stem["edge_ms"] + stem["cloud_ms"] + 20 + 401_408 * 8 / 1000
    assert latency["stem"] == pytest.approx(expected)


@pytest.mark.torch
def test_the_markdown_says_what_made_it(measured: dict[str, Any]) -> None:
    text = measured["markdown"]
    assert measured["machine"]["cpu"] in text
    assert f"`{measured['command']}`" in text
    assert text.count("\n### ") == 4
    assert "| bottleneck7 | 25088 | " in text


@pytest.mark.torch
def test_a_network_without_weights_is_timed_but_not_coded(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_benchmarks.plan import layers, timing

    def timed(*arguments: object) -> tuple[list[float], dict[str, timing.Timing]]:
        # the network itself takes half a minute; who times it is not what is tested here
        return [3.0], {cut.name: timing.Timing([1.0], [2.0]) for cut in layers.cuts("vgg16")}

    monkeypatch.setattr(timing, "time_cuts", timed)
    options = ["--edge-gmacs", "2", "--mbit", *map(str, range(1, 9))]
    assert cli.main([*QUICK, "--trunk", "vgg16", *options]) == 0
    shown = capsys.readouterr().out
    (pool4,) = [line for line in shown.splitlines() if line.startswith("pool4  ")]
    assert pool4.split()[1:] == ["not", "measured", "-", "-", "-", "1.0", "2.0"]
    assert "weights build --trunk vgg16 --set oxford" in " ".join(shown.split())
    splits = [line for line in shown.splitlines() if line.startswith("all ")]
    assert [line[:16].strip() for line in splits] == ["all in the cloud", "all on the edge"] * 2
    # 15.47 GMAC at 2 GMAC/s
    assert splits[1].split()[4] == "7735"
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.torch
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--trunk", "mobilenet_v2", "resnet50"], "unknown trunk 'resnet50': expected one of"),
        (["--weights", "imagenet-22k"], "unknown weight set 'mobilenet_v2/imagenet-22k'"),
        (["--counts", "--weights", "nope"], "unknown weight set 'mobilenet_v2/nope'"),
        (["--weights", "oxford", "--trunk", "vgg16", "mobilenet_v2"], "expected one --trunk"),
        (["--tasks", "1"], "tasks is 1: expected 2 to 1000"),
        (["--tasks", "1000000000"], "tasks is 1000000000: expected 2 to 1000"),
        (["--mbit", "5", "-1"], "mbit is -1: expected a number above 0"),
        (["--rtt-ms", "-1"], "rtt-ms is -1: expected 0 or more"),
        (["--edge-slowdown", "0"], "edge-slowdown is 0: expected a number above 0"),
        (["--cloud-speedup", "0"], "cloud-speedup is 0: expected a number above 0"),
        (["--cloud-gmacs", "-2"], "cloud-gmacs is -2: expected a number above 0"),
        (["--rounds", "0"], "rounds is 0: expected 1 or more"),
        (["--threads", "0"], "threads is 0: expected 1 or more"),
        (["--codec", "webp", "--quality", "101"], "from 0 to 100"),
        (["--engine", "x"], "unknown engine 'x'"),
        (["--images", "nowhere.jpg"], "cannot read nowhere.jpg: No such file"),
        (["--images", __file__], "test_plan_command.py: not a known picture format"),
        (["--images", "."], "below .: check --images"),
        (["--counts", "--markdown", "no/such/folder/f.md"], "cannot write no/such/folder/f.md"),
    ],
)
def test_errors_are_one_line(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["plan", *options]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("trunkline plan: ")
    assert error.count("\n") == 1
