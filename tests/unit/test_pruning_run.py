"""Tails and trunks pruned by the command, a little and for seconds: they are smaller and served."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import task_kit, train_kit
from trunkline import cli, codecs, pipeline, trunks
from trunkline.errors import FrameMismatchError, WeightsError
from trunkline.types import Classification, Detections
from trunkline.weights import ModelStore, publish
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import bundle_root

pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

QUICK = ["--preset", "quick", "--threads", "1", "--json"]
SET = "keras-160"


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("task", "more"),
    [
        (
            "classifier",
            [
                "--macs-removed",
                "0.3",
                "--criterion",
                "hrank",
                "--spread",
                "uniform",
                "--replace",
                "single",
                "--hints",
                "0",
            ],
        ),
        ("ssd", ["--parameters-removed", "0.2", "--scope", "inner"]),
    ],
)
async def test_a_pruned_tail_is_smaller_and_served(
    task: str, more: list[str], tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = train_kit.words(tmp_path, output)
    if task == "ssd":
        given += ["--test", f"{train_kit.boxes(tmp_path, 2, 'test', seed=9)}:test"]
    assert cli.main(["prune", "tail", "--task", task, *QUICK, *given, *more]) == 0
    metrics = json.loads(capsys.readouterr().out)
    kind, share = more[0].removeprefix("--").replace("-", "_"), float(more[1])
    assert share <= metrics[kind] <= share + 0.03
    assert metrics["macs"] < metrics["macs_before"]
    assert metrics["ms_ratio_low"] <= metrics["ms_ratio"] <= metrics["ms_ratio_high"]
    assert ("validation_hints" in metrics) == (task == "ssd")  # see `more`
    if task == "ssd":
        change = metrics["map"] - metrics["map_before"]
        assert metrics["map_change"] == pytest.approx(change, abs=0.02)

    store = ModelStore((output,))
    tail = store.tail("mobilenet_v2", SET, task)
    whole = ModelStore((bundle_root(),)).tail("mobilenet_v2", SET, task)
    assert tail.bytes < 0.9 * whole.bytes
    assert ("filters of the lowest energy removed" in tail.card.text()) == (task == "ssd")
    assert tail.labels() == whole.labels()
    assert tail.metrics == metrics
    card = tail.card.text()
    for word in ("Origin", "Licence", "trunkline prune tail", more[0], "removed until", "ms_ratio"):
        assert word in card
    assert card.count("Apache-2.0 for what this") == 1  # the whole tail's card says it too
    assert ("replaced by the best one" in card) == (task == "classifier")
    assert ("and its inner maps learnt" in card) == (task == "ssd")
    answer = await task_kit.answer_behind_trunk(store, task, SET)
    assert isinstance(answer.result, Detections if task == "ssd" else Classification)


def test_a_pruned_tail_is_pruned_again_and_trained_as_any_other(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = train_kit.words(tmp_path, output)
    assert cli.main(["prune", "tail", *QUICK, *given, "--macs-removed", "0.2"]) == 0
    once = json.loads(capsys.readouterr().out)
    given[3] = str(tmp_path / "again")
    given += ["--models", str(output), "--macs-removed", "0.2"]
    assert cli.main(["prune", "tail", *QUICK, *given]) == 0
    twice = json.loads(capsys.readouterr().out)
    assert twice["macs_before"] == once["macs"]
    data = train_kit.classes(tmp_path, 10)
    train = ["--preset", "quick", "--epochs", "1", "--batch", "4", "--threads", "1"]
    train += ["--data", str(data), "--run", str(tmp_path / "own"), "--output", str(output)]
    assert cli.main(["train", "classifier", *train, "--task", "colours"]) == 0
    tail = ModelStore((output,)).tail("mobilenet_v2", SET, "colours")
    assert tail.labels() == ("boat", "cat")
    assert tail.bytes < ModelStore((bundle_root(),)).tail("mobilenet_v2", SET, "classifier").bytes


def test_pooled_features_of_other_widths_are_not_compared(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The unpruned tail teaches the pruned one, whose pooled features are fewer."""
    given = train_kit.words(tmp_path, output)
    assert cli.main(["prune", "tail", *QUICK, *given, "--macs-removed", "0.2"]) == 0
    pruned = publish.draft_of(ModelStore((output,)).tail("mobilenet_v2", SET, "classifier"))
    models = train_kit.models(tmp_path / "whole")
    draft = replace(pruned, task="small")
    publish.add_tail(models, "mobilenet_v2", SET, draft, report=lambda line: None)
    distil = ["train", "distil", "--preset", "quick", "--start", "store", "--task", "small"]
    distil += ["--data", given[1], "--run", str(tmp_path / "third"), "--output", str(models)]
    distil += ["--teacher", SET, "--threads", "1", "--epochs", "1"]
    assert cli.main([*distil, "--feature-weight", "1"]) == 1
    assert "set it to 0 for a pruned tail" in capsys.readouterr().err
    views = ["--views", "1", "--cache", str(tmp_path / "views")]
    assert cli.main([*distil, *views]) == 0
    # a teacher that is pruned has answers of its own, and views that are kept apart
    more = ["--output", str(output), "--task", "classifier", "--run", str(tmp_path / "fourth")]
    assert cli.main([*distil, *views, *more]) == 0
    assert len(list((tmp_path / "views").iterdir())) == 2


def test_a_run_goes_on_with_what_it_removed(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*QUICK, *train_kit.words(tmp_path, output), "--macs-removed", "0.2", "--refit", "9"]
    assert cli.main(["prune", "tail", *given]) == 0
    first = ModelStore((output,)).tail("mobilenet_v2", SET, "classifier").sha256
    assert cli.main(["prune", "tail", *given]) == 1
    assert "give --resume, or another --run" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "run" / "views", ignore_errors=True)
    assert cli.main(["prune", "tail", *given, "--resume"]) == 0
    assert ModelStore((output,)).tail("mobilenet_v2", SET, "classifier").sha256 == first
    (tmp_path / "run" / "removed.json").write_text('{"layers.nowhere": [1]}')
    assert cli.main(["prune", "tail", *given, "--resume"]) == 1
    assert "belongs to another network" in capsys.readouterr().err


def test_a_pruned_trunk_is_another_trunk(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its frames are refused by the old tail; the command that is printed makes a new one."""
    given = [*train_kit.words(tmp_path, output), "--macs-removed", "0.2", "--name", "thin"]
    assert cli.main(["prune", "trunk", *QUICK[:-1], *given]) == 0
    out = capsys.readouterr().out
    store, released = ModelStore((output,)), ModelStore((bundle_root(),))
    trunk = trunks.load("mobilenet_v2", "thin", store=store, threads=1)
    old = released.tail("mobilenet_v2", SET, "classifier")
    assert trunk.spec.shape == (32, 28, 28)
    assert trunk.spec.digest not in old.accepts
    assert store.trunk("mobilenet_v2", "thin").bytes < released.trunk("mobilenet_v2", SET).bytes
    frame = pipeline.pack(
        trunk.forward(np.zeros((1, 3, 224, 224), np.float32))[0], trunk.spec, codecs.get("png")
    )
    with pytest.raises(FrameMismatchError, match="run edge and task on one weight set"):
        pipeline.check(frame, old.accepts, old.shape)
    with pytest.raises(WeightsError, match="no tail 'classifier'"):
        store.tail("mobilenet_v2", "thin", "classifier")

    lines = [line.split()[1:] for line in out.splitlines() if line.startswith("  trunkline train")]
    assert [line[1] for line in lines] == ["distil", "ssd"]
    for again in lines:
        again[again.index("PICTURES")], again[again.index("RUN")] = (
            given[1],
            str(tmp_path / again[1]),
        )
        more = ["--epochs", "0", "--validation", "0.25", "--threads", "1"]
        assert cli.main([*again, *more]) == 0
    for task in ("classifier", "ssd"):
        tail = store.tail("mobilenet_v2", "thin", task)
        pipeline.check(frame, tail.accepts, tail.shape)
        ours, theirs = layers_of(tail), layers_of(released.tail("mobilenet_v2", SET, task))
        assert np.array_equal(ours["14.expand"].weight, theirs["14.expand"].weight)
        assert ours.keys() == theirs.keys()


def layers_of(tail: TailEntry) -> dict[str, Conv]:
    from trunkline_training.nets.start import from_onnx

    return from_onnx(tail.verified_path().read_bytes())


def test_the_digest_of_a_trunk_that_is_not_pruned_is_its_own() -> None:
    from trunkline_training.nets.start import from_onnx
    from trunkline_training.nets.trunk import front
    from trunkline_training.pruning.trunk import digest_of
    from trunkline_training.train.models import padding_of

    entry = ModelStore((bundle_root(),)).trunk("mobilenet_v2", SET)
    content = entry.verified_path().read_bytes()
    architecture = front("mobilenet_v2", padding_of(content))
    assert digest_of(architecture, from_onnx(content), entry.spec) == entry.digest
    assert architecture.onnx(from_onnx(content)) == content


def test_vgg16_keeps_the_channels_of_its_tensor(tmp_path: Path) -> None:
    """Random weights; a smaller picture does for its structure."""
    import torch

    from trunkline_training.nets.trunk import TrunkModule, front
    from trunkline_training.pruning import structure
    from trunkline_training.pruning.described import Described, module_name
    from trunkline_training.pruning.prunable import Prunable

    architecture, rng, convs, channels = (
        front("vgg16", "symmetric"),
        np.random.default_rng(1),
        {},
        3,
    )
    for name in architecture.layers:
        out = 64 * 2 ** (int(name[0]) - 1)
        weight = rng.normal(0, 0.02, (out, channels, 3, 3)).astype(np.float16)
        convs[name], channels = Conv(weight, np.zeros(out, np.float16)), out
    module = Described(lambda graph, x, layers: [architecture.describe(graph, x, layers)], convs)
    fixed = frozenset(module_name(name) for name in architecture.last)
    prunable = Prunable(module, torch.zeros(1, 3, 32, 32), fixed)
    found = structure.groups(prunable)
    assert len(found) == 9
    structure.remove(prunable, {group.root: np.arange(group.width // 2) for group in found})
    thin = module.convs()
    image = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        (ours,), theirs = module(image), TrunkModule(architecture, thin)(image)
    assert ours.shape == (2, 512, 2, 2)
    torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)
    content = architecture.onnx(thin)
    assert len(content) < 6_000_000  # of 15 million bytes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["tail"], "give --macs-removed or --parameters-removed"),
        (["tail", "--macs-removed", "0.2", "--criterion", "size"], "unknown criterion 'size'"),
        (["tail", "--macs-removed", "0.2", "--task", "poses"], "the pairs that exist"),
        (["tail", "--macs-removed", "0.2", "--preset", "best"], "unknown preset of prune-tail"),
        (["tail", "--macs-removed", "0.9", "--least", "0.9"], "can be removed here"),
        (["tail", "--macs-removed", "0.2", "--models", "nowhere"], "no trunk mobilenet_v2"),
        (["trunk", "--macs-removed", "0.2", "--name", "a b"], "is no set's name"),
        (["trunk", "--macs-removed", "0.2", "--trunk", "resnet"], "unknown trunk 'resnet'"),
    ],
)
def test_what_is_wrong_is_one_line(
    given: list[str],
    message: str,
    tmp_path: Path,
    output: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind, *more = given
    preset = [] if "--preset" in more else QUICK
    assert cli.main(["prune", kind, *preset, *train_kit.words(tmp_path, output), *more]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "trunkline prune" in line]
    assert message in lines[-1]
    assert len(lines) == 1


def test_another_trunk_in_the_output_is_not_written_over(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = output / "mobilenet_v2" / SET
    shutil.copytree(bundle_root() / "mobilenet_v2" / SET, place)
    data = json.loads((place / "manifest.json").read_text())
    data["trunk"]["digest"] = "ab" * 32
    (place / "manifest.json").write_text(json.dumps(data))
    given = [*train_kit.words(tmp_path, output), "--macs-removed", "0.2"]
    assert cli.main(["prune", "tail", *QUICK, *given]) == 1
    assert "which the tail is for; give another --output" in capsys.readouterr().err
