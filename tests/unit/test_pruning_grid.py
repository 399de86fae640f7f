"""Tails on fewer places: resampled as PyTorch does it, taught by the whole tail, served."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from tests import task_kit, train_kit
from trunkline import cli, engines
from trunkline.types import Classification, Detections
from trunkline.weights import ModelStore
from trunkline.weights.graph import Graph
from trunkline.weights.resampling import cubic, macs

if TYPE_CHECKING:
    from torch import Tensor

    from trunkline.weights.conv import Padding

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

QUICK = ["--preset", "quick", "--threads", "1", "--json"]
SET = "keras-160"
sides = st.integers(1, 40)


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "models"


@examples(sides, sides)
def test_weights_are_those_of_pytorch(side: int, grid: int) -> None:
    image = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side))
    matrix = torch.from_numpy(cubic(side, grid))
    wanted = torch.nn.functional.interpolate(image, (grid, grid), mode="bicubic")
    torch.testing.assert_close(matrix @ image @ matrix.T, wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(grid))


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(("side", "grid"), [(14, 12), (7, 3), (3, 7)])
def test_engines_resample_alike(engine: str, side: int, grid: int, tmp_path: Path) -> None:
    graph = Graph("fewer")
    x = graph.resample("fewer", graph.input("features", (5, side, side)), grid)
    assert x.shape == (5, grid, grid)
    graph.rename(x.name, "out")
    path = tmp_path / "fewer.onnx"
    path.write_bytes(graph.model("out", ["N", *x.shape]))
    batch = np.random.default_rng(1).normal(0, 1, (3, 5, side, side)).astype(np.float32)
    wanted = torch.nn.functional.interpolate(torch.from_numpy(batch), (grid, grid), mode="bicubic")
    found = engines.load(engine, path, threads=1).run(batch)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    assert macs(5, 14, 12) == 5 * (12 * 14 * 14 + 12 * 12 * 14)
    assert macs(5, 7, 3) == 5 * 7 * 7 * 3 * 3


@pytest.mark.parametrize(
    ("grid", "last", "middle", "padding"),
    [
        (24, 3, 0, "tf-same"),
        (25, 0, 0, "tf-same"),
        (0, 4, 0, "symmetric"),
        (0, 3, 12, "symmetric"),
        (0, 0, 8, "tf-same"),
        (25, 0, 11, "symmetric"),
    ],
)
def test_a_classifier_is_split_at_any_stage(
    grid: int, last: int, middle: int, padding: Padding, tmp_path: Path
) -> None:
    """As tasks of one's own are made of it: the layers before a stage, and those from it on."""
    from trunkline_training.nets.classifier import (
        Classifier,
        Plan,
        folded,
        from_stage,
        front_model,
        tail_model,
    )
    from trunkline_training.nets.places import Places

    plan = Plan((32, 28, 28), 7, True, padding, 6, Places(grid, last, middle))
    module = Classifier(plan, {}, normed=False, dropout=0.0, seed=2).eval()
    convs = folded(module.layers)
    batch = np.random.default_rng(1).normal(0, 1, (2, *plan.shape)).astype(np.float32)
    with torch.no_grad():
        _, whole = module(torch.from_numpy(batch))
    for stage in (7, 8, 14, 18, 19):
        rest = from_stage(plan, convs, stage, plan.classes)
        front, back = tmp_path / "front.onnx", tmp_path / "back.onnx"
        back.write_bytes(tail_model(rest, convs))
        between = batch
        if stage > plan.entry:
            front.write_bytes(front_model(plan, convs, stage))
            between = engines.load("onnxruntime", front, threads=1).run(batch)[0]
            assert between.shape[1:] == rest.shape
        found = engines.load("onnxruntime", back, threads=1).run(between)[0]
        np.testing.assert_allclose(found, whole, atol=0.02)


@pytest.mark.parametrize(
    ("name", "trunk", "grid", "places"),
    [
        ("ssdlite", (32, 28, 28), 0, (14, 7, 4, 2, 1, 1)),
        ("ssdlite", (32, 28, 28), 24, (12, 6, 3, 2, 1, 1)),
        ("ssdlite", (512, 14, 14), 0, (14, 7, 4, 2, 1, 1)),
        ("paper", (32, 28, 28), 0, (28, 14, 7, 4, 2, 1)),
        ("paper", (32, 28, 28), 26, (26, 13, 7, 4, 2, 1)),
        ("vgg16", (512, 14, 14), 0, (14, 14, 7, 4, 2, 1)),
        ("vgg16", (512, 14, 14), 13, (13, 13, 7, 4, 2, 1)),
    ],
)
def test_a_detector_s_maps(
    name: str, trunk: tuple[int, int, int], grid: int, places: tuple[int, ...]
) -> None:
    """And its answers, made of another one's, are the same boxes near its own anchors."""
    from trunkline_training.nets.detector import Detector
    from trunkline_training.nets.heads import HEADS
    from trunkline_training.pruning import matched

    head = HEADS[name](4, trunk, stitched=name == "ssdlite" and trunk[0] == 512, grid=grid)
    assert head.grids == places
    whole = replace(head, grid=0)
    codes, scores = Detector(head, {}, normed=False, seed=1)(torch.randn(2, *trunk))
    assert codes.shape == (2, len(head.anchors), 4)
    assert scores.shape == (2, len(head.anchors), 4)

    theirs = {
        "codes": torch.randn(2, len(whole.anchors), 4),
        "scores": torch.arange(len(whole.anchors)).expand(2, -1)[..., None],
    }
    ours = matched.answers(theirs, whole, head)
    chosen = ours["scores"][0, :, 0]
    torch.testing.assert_close(
        boxes(ours["codes"], head.anchors), boxes(theirs["codes"], whole.anchors)[:, chosen]
    )
    np.testing.assert_allclose(whole.anchors[chosen, 2:], head.anchors[:, 2:], rtol=1e-5)
    first = 1 / whole.grids[0]
    apart = np.abs(whole.anchors[chosen, :2] - head.anchors[:, :2])
    assert apart[: head.grids[0] ** 2].max() <= first / 2 + 1e-6
    if not grid:
        assert torch.equal(ours["codes"], theirs["codes"])


def boxes(codes: Tensor, anchors: np.ndarray) -> Tensor:
    """Centres and sizes (N, A, 4) of box codes."""
    base = torch.from_numpy(anchors)
    centres = codes[..., :2] / 10 * base[:, 2:] + base[:, :2]
    found: Tensor = torch.cat([centres, (codes[..., 2:] / 5).exp() * base[:, 2:]], dim=2)
    return found


def test_hints_are_taken_on_the_pruned_tail_s_grid() -> None:
    from trunkline_training.pruning import hints

    wanted = torch.randn(4, 3, 14, 14)
    ours = torch.nn.functional.interpolate(wanted, (12, 12), mode="bicubic")
    assert float(hints.apart({"a": ours}, {"a": wanted})) < 1e-6
    assert float(hints.apart({"a": -ours}, {"a": wanted})) > 3


@pytest.mark.parametrize(
    ("task", "more", "share"),
    [
        ("classifier", ["--grid", "24", "--macs-removed", "0.31"], (0.31, 0.34)),
        ("classifier", ["--grid", "24", "--macs-removed", "0.1"], (0.255, 0.265)),
        ("classifier", ["--grid", "24", "--last-grid", "3"], (0.35, 0.36)),
        ("classifier", ["--last-grid", "4"], (0.11, 0.13)),
        ("classifier", ["--middle", "12", "--last-grid", "3"], (0.35, 0.36)),
        ("classifier", ["--middle", "12", "--macs-removed", "0.35"], (0.34, 0.37)),
        ("ssd", ["--grid", "26"], (0.05, 0.15)),
    ],
)
async def test_a_tail_on_fewer_places_is_served(
    task: str,
    more: list[str],
    share: tuple[float, float],
    tmp_path: Path,
    output: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = train_kit.words(tmp_path, output)
    assert cli.main(["prune", "tail", "--task", task, *QUICK, *given, *more]) == 0
    said = capsys.readouterr()
    assert ("all filters stay" in said.err) == ("0.1" in more)
    metrics = json.loads(said.out)
    low, high = share
    assert low <= metrics["macs_removed"] <= high
    assert (metrics["parameters_removed"] > 0) == ("0.31" in more or "0.35" in more)
    store = ModelStore((output,))
    tail = store.tail("mobilenet_v2", SET, task)
    assert tail.shape == (32, 28, 28)
    what = {
        "--grid": "features put on {} places a side",
        "--last-grid": "its last convolution's input put on {}",
        "--middle": "the middle {} places a side of what its first stage makes",
    }[more[0]]
    assert tail.card.text().count(what.format(more[1])) == 2  # what was done, and what it is
    answer = await task_kit.answer_behind_trunk(store, task, SET)
    assert isinstance(answer.result, Detections if task == "ssd" else Classification)


def test_what_starts_from_it_is_on_its_grid(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_training.train.models import given_of

    given = train_kit.words(tmp_path, output)
    fewer = ["--grid", "24", "--last-grid", "4", "--epochs", "0"]
    assert cli.main(["prune", "tail", *QUICK, *given, *fewer]) == 0
    once = json.loads(capsys.readouterr().out)
    small = ["--preset", "quick", "--epochs", "0", "--threads", "1", "--output", str(output)]
    small += ["--run", str(tmp_path / "own"), "--data", given[1]]
    for words_of in (
        ["train", "distil", "--start", "classifier", "--teacher", SET, "--task", "again"],
        ["train", "ssd", "--head", "ssdlite", "--start", "classifier", "--task", "boxes"],
    ):
        assert cli.main([*words_of, *small]) == 0
        tail = ModelStore((output,)).tail("mobilenet_v2", SET, words_of[-1])
        assert given_of(tail).places.grid == 24
        assert given_of(tail).places.last_grid == (4 if words_of[1] == "distil" else 0)
        (tmp_path / "own").rename(tmp_path / words_of[-1])
    capsys.readouterr()
    third = tmp_path / "third"
    again = ["prune", "tail", *QUICK, "--models", str(output), *given[:2], "--output", str(third)]
    assert cli.main([*again, "--run", str(tmp_path / "2"), "--grid", "24"]) == 1
    assert "expected fewer places a side than the tail works on, 24" in capsys.readouterr().err
    more = ["--run", str(tmp_path / "2"), "--epochs", "0"]
    assert cli.main([*again, *more, "--last-grid", "4"]) == 1
    assert "than the last convolution works on, 4" in capsys.readouterr().err
    assert cli.main([*again, *more, "--last-grid", "3"]) == 0
    twice = json.loads(capsys.readouterr().out)
    assert once["macs"] == twice["macs_before"] > twice["macs"]
    assert given_of(ModelStore((third,)).tail("mobilenet_v2", SET, "classifier")).places.grid
    release = ["train", "release", "--models", str(output), "--output", str(tmp_path / "bundle")]
    assert cli.main([*release, "--task", "classifier"]) == 1
    assert "works on fewer places than come in: expected all" in capsys.readouterr().err
    donor = ["train", "ssd", *small, "--head", "ssdlite", "--start", "donor", "--donor", SET]
    assert cli.main([*donor, "--task", "boxes"]) == 1
    assert "expected as many; choose a --donor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--middle", "14"], "middle is 14: expected 2, 4, ... fewer places a side than"),
        (["--middle", "11"], "than the tail's first stage makes, 14"),
        (["--middle", "12", "--grid", "24"], "grid and middle are both given: expected one"),
        (["--middle", "-2"], "middle"),
        (["--middle", "12", "--task", "ssd"], "middle is for classifiers: leave it out"),
        (["--middle", "12", "--last-grid", "6"], "than the last convolution works on, 6"),
        (["--grid", "28"], "grid is 28: expected fewer places a side than the tail works on, 28"),
        (["--grid", "-1"], "grid"),
        (["--last-grid", "7"], "last-grid is 7: expected fewer places a side than the last conv"),
        (["--grid", "24", "--replace", "double"], "are about filters, and none go"),
        (["--last-grid", "3", "--task", "ssd"], "last-grid is for classifiers"),
        (["--grid", "24", "--macs-removed", "0.2", "--parameters-removed", "0.2"], "not said once"),
        (["--grid", "24", "--task", "ssd-own"], "too small for 11_2: expected a larger --grid"),
    ],
)
def test_grids_that_cannot_be(
    more: list[str],
    message: str,
    tmp_path: Path,
    output: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = train_kit.words(tmp_path, output)
    if "ssd-own" in more:
        train_kit.models(tmp_path)
        own = ["train", "ssd", "--preset", "quick", "--head", "paper", "--start", "none"]
        own += ["--epochs", "0", "--task", "ssd-own", "--threads", "1", *given]
        assert cli.main([*own, "--run", str(tmp_path / "own")]) == 0
        more = [*more, "--models", str(output)]
    capsys.readouterr()
    assert cli.main(["prune", "tail", *QUICK, *given, *more]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "trunkline prune" in line]
    assert len(lines) == 1
    assert message in lines[0]
