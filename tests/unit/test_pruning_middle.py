"""Classifiers on the middle of their places: what the whole tail has there, and what follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import train_kit
from trunkline import cli, engines
from trunkline.weights import ModelStore
from trunkline.weights.graph import Graph

if TYPE_CHECKING:
    from torch import Tensor

    from trunkline.weights.conv import Padding

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

QUICK = ["--preset", "quick", "--threads", "1", "--json"]
SET = "keras-160"


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "models"


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_engines_crop_alike(engine: str, tmp_path: Path) -> None:
    graph = Graph("middle")
    x = graph.crop("middle", graph.input("features", (5, 9, 9)), 1, 6)
    assert x.shape == (5, 6, 6)
    graph.rename(x.name, "out")
    path = tmp_path / "middle.onnx"
    path.write_bytes(graph.model("out", ["N", *x.shape]))
    batch = np.random.default_rng(1).normal(0, 1, (3, 5, 9, 9)).astype(np.float32)
    found = engines.load(engine, path, threads=1).run(batch)[0]
    np.testing.assert_array_equal(found, batch[:, :, 1:7, 1:7])


@pytest.mark.parametrize("stitched", [True, False])
@pytest.mark.parametrize("padding", ["symmetric", "tf-same"])
@pytest.mark.parametrize(
    ("entry", "side", "middle"), [(7, 28, 12), (7, 28, 4), (14, 14, 5), (7, 25, 11), (4, 56, 26)]
)
def test_the_middle_is_what_the_whole_tail_makes_there(
    entry: int, side: int, middle: int, padding: Padding, stitched: bool
) -> None:
    from trunkline.weights import mobilenet_v2
    from trunkline_training.nets.classifier import Classifier, Plan, by_name
    from trunkline_training.nets.places import Places
    from trunkline_training.train.models import padding_of, places_of

    channels = 5 if stitched else mobilenet_v2.BLOCKS[entry].channels_in
    plan = Plan((channels, side, side), entry, stitched, padding, 6, Places(middle=middle))
    seen: list[Tensor] = []
    module = Classifier(plan, {}, normed=False, dropout=0.0, seed=2).eval()
    layer = by_name(module.layers)[f"{entry + 1}.expand"]
    layer.register_forward_pre_hook(lambda _layer, given: seen.append(given[0]))
    batch = torch.randn(2, *plan.shape)
    with torch.no_grad():
        module(batch)
        module.plan = replace(plan, places=Places())
        module(batch)
    part, whole = seen
    first = (whole.shape[2] - middle) // 2
    stay = slice(first, first + middle)
    assert part.shape[2:] == (middle, middle)
    torch.testing.assert_close(part, whole[:, :, stay, stay])
    module.plan = plan
    assert places_of(module.onnx()) == plan.places
    if side % 2 == 0:  # else both pad alike, as far as this stage goes
        assert padding_of(module.onnx()) == padding


@pytest.mark.parametrize(("side", "ours"), [(14, 12), (7, 6), (7, 3)])
def test_hints_are_taken_where_the_pruned_tail_sees(side: int, ours: int) -> None:
    from trunkline_training.pruning import hints

    rows = torch.arange(side, dtype=torch.float32)
    wanted = (rows[:, None] + 10 * rows).expand(2, 3, side, side)
    middle = wanted[:, :, 1:-1, 1:-1] if side == 14 else wanted[:, :, :-1, :-1] + 5.5
    middle = torch.nn.functional.interpolate(middle, (ours, ours), mode="bicubic")
    rim = {"rim": torch.randn(2, 3, 25, 25)}
    theirs = {"a": wanted, "rim": torch.randn(2, 3, 28, 28)}
    assert float(hints.apart({"a": middle, **rim}, theirs, 12 / 14)) < 1e-6
    assert float(hints.apart({"a": middle + 30, **rim}, theirs, 12 / 14)) > 0.1


def test_a_tail_behind_a_coarse_trunk_has_no_middle() -> None:
    from trunkline.errors import ParameterError
    from trunkline_training.nets.classifier import Classifier, drawn_plan, folded
    from trunkline_training.nets.places import Places
    from trunkline_training.pruning.tails import tail_of
    from trunkline_training.train.models import Given

    plan = drawn_plan((160, 7, 7), "symmetric", 3)
    convs = folded(Classifier(plan, {}, normed=False, dropout=0.0, seed=1).layers)
    tail = tail_of(Given(convs, "symmetric", ["a", "b", "c"]), plan.shape)
    with pytest.raises(ParameterError, match="halves the map, and this one begins with stage 17"):
        tail.on(Places(middle=5))


def test_what_starts_from_a_middle(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A classifier sees as much; a detector, whose boxes lie everywhere, sees all again."""
    from trunkline_training.train.models import given_of

    given = train_kit.words(tmp_path, output)
    assert cli.main(["prune", "tail", *QUICK, *given, "--middle", "12", "--epochs", "0"]) == 0
    small = ["--preset", "quick", "--epochs", "0", "--threads", "1", "--output", str(output)]
    small += ["--data", given[1], "--start", "classifier"]
    for name, words_of in (
        ("again", ["train", "distil", "--teacher", SET]),
        ("boxes", ["train", "ssd", "--head", "ssdlite"]),
    ):
        run = ["--run", str(tmp_path / name), "--task", name]
        assert cli.main([*words_of, *small, *run]) == 0
        tail = ModelStore((output,)).tail("mobilenet_v2", SET, name)
        assert given_of(tail).places.middle == (12 if name == "again" else 0)
        words = "* Places: the middle 12 places a side of what its first stage makes."
        assert (words in tail.card.text()) == (name == "again")
    third = tmp_path / "third"
    again = ["prune", "tail", *QUICK, "--models", str(output), *given[:2], "--output", str(third)]
    again += ["--run", str(tmp_path / "2")]
    capsys.readouterr()
    for more, message in (
        (["--middle", "12"], "than the tail's first stage makes, 12"),
        (["--grid", "24"], "grid is 24: this tail keeps the middle 12 places a side, and --grid"),
    ):
        assert cli.main([*again, *more]) == 1
        assert message in capsys.readouterr().err
    assert cli.main([*again, "--middle", "8"]) == 0
    small_again = given_of(ModelStore((third,)).tail("mobilenet_v2", SET, "classifier"))
    assert small_again.places.middle == 8
    card = (third / "mobilenet_v2" / SET / "classifier.md").read_text()
    assert "the middle 8 places a side of what its first stage makes." in card
    release = ["train", "release", "--models", str(output), "--output", str(tmp_path / "bundle")]
    assert cli.main([*release, "--task", "again"]) == 1
    assert "works on fewer places than come in: expected all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "hinted"),
    [
        (["--middle", "2"], True),
        (["--middle", "6"], True),
        (["--middle", "12", "--macs-removed", "0.8"], False),
        (["--grid", "24", "--macs-removed", "0.8"], False),
    ],
)
def test_a_tail_of_which_little_is_left_is_taught(
    more: list[str],
    hinted: bool,
    tmp_path: Path,
    output: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By inner maps where some are still the whole tail's, else by its answers alone."""
    given = train_kit.words(tmp_path, output)
    run = ["prune", "tail", *QUICK, *given, *more, "--spread", "uniform", "--least", "0.01"]
    assert cli.main([*run, "--multiple", "1", "--epochs", "1"]) == 0
    said = capsys.readouterr().err
    assert ("answers alone are learnt" in said) is not hinted
    card = (output / "mobilenet_v2" / SET / "classifier.md").read_text()
    maps = " and its inner maps" if hinted else ""
    assert f"of the unpruned tail to unlabelled pictures{maps} learnt" in card


def test_nothing_learnt_is_said(tmp_path: Path, output: Path) -> None:
    given = train_kit.words(tmp_path, output)
    assert cli.main(["prune", "tail", *QUICK, *given, "--middle", "12", "--epochs", "0"]) == 0
    card = (output / "mobilenet_v2" / SET / "classifier.md").read_text()
    assert "middle 12 places a side of what its first stage makes; nothing learnt since." in card
    assert " 0 pictures were learnt from" in card


@pytest.mark.parametrize(
    "moved", [{"starts": -1}, {"ends": 1}, {"ends": 60}, {"starts": 2, "ends": 2}, {"ends": -20}]
)
def test_a_crop_that_is_no_middle(moved: dict[str, int]) -> None:
    import onnx

    from trunkline.errors import WeightsError
    from trunkline_training.nets.classifier import Classifier, Plan
    from trunkline_training.nets.places import Places
    from trunkline_training.train.models import places_of

    plan = Plan((32, 28, 28), 7, False, "symmetric", 3, Places(middle=12))
    model = onnx.load_from_string(Classifier(plan, {}, normed=False, dropout=0.0, seed=1).onnx())
    for item in model.graph.initializer:
        name, _, bound = item.name.partition(".")
        if name == "middle" and bound in moved:
            values = onnx.numpy_helper.to_array(item) + moved[bound]
            item.CopyFrom(onnx.numpy_helper.from_array(values, item.name))
    with pytest.raises(WeightsError, match="expected those around the centre; make it again"):
        places_of(model.SerializeToString())


def test_a_grid_that_spares_nothing(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 27 places a side the first stage makes as many as of 28, and going there costs."""
    given = train_kit.words(tmp_path, output)
    run = ["prune", "tail", *QUICK, *given, "--epochs", "0", "--grid"]
    assert cli.main([*run, "27"]) == 1
    assert "the tail takes 1.0" in capsys.readouterr().err
    assert not list(output.rglob("classifier.onnx"))
    assert cli.main([*run, "14"]) == 0
    card = (output / "mobilenet_v2" / SET / "classifier.md").read_text()
    assert "* Places: features put on 14 places a side.\n" in card
