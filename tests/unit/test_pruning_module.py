"""Any module pruned by the command, by scores and by learnt masks; the benchmark over methods."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import train_kit
from trunkline import cli, engines
from trunkline.errors import TrunklineError, UnknownNameError

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytest.importorskip("sb3_contrib")
pytestmark = pytest.mark.torch

FILE = """
from trunkline_benchmarks.pruning.vgg import vgg
import torch

def tiny(classes):
    torch.manual_seed(1)
    return vgg(classes, (8, 0, 16, 0, 16))

def number(classes):
    return 7

def wrong(classes):
    return vgg(classes + 1, (8, 0, 16))

def failing(classes):
    raise ValueError("two\\nlines")
"""
SMALL = ["--preset", "quick", "--side", "16", "--threads", "1", "--parameters-removed", "0.5"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(FILE)
    return path


def words(folder: Path) -> list[str]:
    data = train_kit.classes(folder, 12)
    output = ["--output", str(folder / "out"), "--run", str(folder / "run")]
    return ["--data", str(data), *output, *SMALL]


def colours(folder: Path) -> Path:
    """Other pictures of the same classes."""
    (folder / "other").mkdir()
    rng = np.random.default_rng(77)
    for name, colour in train_kit.COLOURS.items():
        (folder / "other" / name).mkdir()
        for number in range(4):
            picture = train_kit.noisy(rng, colour, (40, 40))
            picture.save(folder / "other" / name / f"{number}.png")
    return folder / "other"


@pytest.mark.parametrize(
    "more",
    [
        ["--criterion", "hrank", "--replace", "double", "--spread", "measured"],
        ["--criterion", "masks"],
    ],
)
def test_a_pruned_module_learns_and_is_served(
    more: list[str], file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*words(tmp_path), "--test", str(colours(tmp_path)), *more, "--epochs", "12"]
    assert cli.main(["prune", "module", f"{file}:tiny", *given, "--lr", "0.05", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert 0.5 <= metrics["parameters_removed"] < 0.75
    assert metrics["top1"] >= 75
    assert metrics["top1_change"] == pytest.approx(metrics["top1"] - metrics["top1_before"])
    assert metrics["top1_change_low"] <= metrics["top1_change"] <= metrics["top1_change_high"]
    assert json.loads((tmp_path / "out" / "module.json").read_text()) == metrics
    card = (tmp_path / "out" / "module.md").read_text()
    assert f"`{file.name}:tiny`" in card
    assert str(tmp_path) not in card
    assert "removed until 50% of the parameters" in card
    assert ("the best, once each" in card) == ("hrank" in more)
    assert ("learnt masks" in card) == ("masks" in more)
    network = engines.load("openvino", tmp_path / "out" / "module.onnx", threads=1)
    assert network.run(np.zeros((3, 3, 16, 16), np.float32))[0].shape == (3, 2)


def test_a_run_of_masks_goes_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The masks are learnt once: what a run that goes on writes is the same."""
    given = ["prune", "module", f"{file}:tiny", *words(tmp_path), "--criterion", "masks"]
    assert cli.main(given) == 0
    first = (tmp_path / "out" / "module.onnx").read_bytes()
    assert "masks: accuracy" in capsys.readouterr().err
    assert cli.main([*given, "--resume"]) == 0
    assert "masks: accuracy" not in capsys.readouterr().err
    assert (tmp_path / "out" / "module.onnx").read_bytes() == first


@pytest.mark.parametrize(
    ("spelled", "more", "message"),
    [
        ("nowhere.py:tiny", [], "is no FILE.py:FUNCTION"),
        ("FILE", [], "is no FILE.py:FUNCTION"),
        ("FILE:huge", [], "has no function 'huge'"),
        ("FILE:number", [], "gives int: expected a torch module"),
        ("FILE:failing", [], "fails: ValueError: two lines"),
        ("FILE:wrong", [], "the module gives (1, 3): expected logits (1, 2)"),
        ("FILE:tiny", ["--side", "2"], "set --side"),
        ("FILE:tiny", ["--weights", "nowhere"], "nowhere does not fit the module"),
        ("FILE:tiny", ["--criterion", "masks", "--budget", "long"], "unknown budget 'long'"),
        ("FILE:tiny", ["--criterion", "masks", "--replace", "single"], "set replace to none"),
    ],
)
def test_what_is_wrong_is_one_line(
    spelled: str,
    more: list[str],
    message: str,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = spelled.replace("FILE", str(file))
    assert cli.main(["prune", "module", name, *words(tmp_path), *more]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("trunkline prune: ")
    assert message in error


def test_a_masked_network_is_the_pruned_one(tmp_path: Path) -> None:
    """Zeroed filters stay zero while it learns; without them it computes the same."""
    from tests.prune_kit import pictures, small
    from trunkline_training.pruning import structure
    from trunkline_training.pruning.labelled import Labelled
    from trunkline_training.pruning.masks.recogniser import Recogniser
    from trunkline_training.pruning.module_settings import ModulePruning

    prunable = small()
    found = structure.groups(prunable)
    learnt = Labelled(pictures(16), torch.arange(16) % 5)
    config = ModulePruning(parameters_removed=0.4, batch=8, augment=False, least=0.1)
    recogniser = Recogniser(config, prunable, found, learnt, learnt)
    assert recogniser.removed == 0
    while recogniser.removed < 0.4:
        for group in found:
            recogniser.zero(group, 0.25, 0.4)
        recogniser.learn(2)
    assert recogniser.removed < 0.5
    state = recogniser.state(recogniser.accuracy())
    with torch.no_grad():
        before = prunable.module.eval()(pictures(4))
    structure.remove(prunable, recogniser.gone())
    with torch.no_grad():
        torch.testing.assert_close(prunable.module(pictures(4)), before, rtol=1e-4, atol=1e-5)
    assert state.removed == recogniser.removed


def test_the_environment_keeps_gymnasiums_contract() -> None:
    from gymnasium.utils.env_checker import check_env

    from tests.prune_kit import pictures, small
    from trunkline_training.pruning import structure
    from trunkline_training.pruning.labelled import Labelled
    from trunkline_training.pruning.masks.budget import Budget
    from trunkline_training.pruning.masks.environment import SHARES, MaskEnvironment
    from trunkline_training.pruning.masks.recogniser import Recogniser
    from trunkline_training.pruning.module_settings import ModulePruning

    prunable = small()
    learnt = Labelled(pictures(8), torch.arange(8) % 5)
    config = ModulePruning(parameters_removed=0.3, batch=8)
    recogniser = Recogniser(config, prunable, structure.groups(prunable), learnt, learnt)
    environment = MaskEnvironment(recogniser, 0.3, Budget(1, 2, 1, 8))
    check_env(environment, skip_render_check=True)

    seen, _ = environment.reset()
    assert seen[1] == 0
    assert seen[5:].sum() == recogniser.groups[0].width
    total, over = 0.0, False
    while not over:  # an agent that does nothing is told so at the end
        seen, reward, reached, over, _ = environment.step(0)
        assert not reached
        total += reward
    assert total <= -1
    environment.reset()
    seen, reward, reached, over, _ = environment.step(len(SHARES) - 1)
    assert reward > 0
    assert environment.best is not None


def test_the_benchmark_goes_on_and_says_what_came_out(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_benchmarks.pruning.command import main

    given = ["--preset", "quick", "--network", f"{file}:tiny", "--side", "16", "--threads", "1"]
    given += ["--data", str(train_kit.classes(tmp_path, 10)), "--test", str(colours(tmp_path))]
    given += ["--removed", "0.5", "--seeds", "1", "2", "--base-epochs", "6", "--base-lr", "0.05"]
    given += ["--work", str(tmp_path / "work"), "--json", str(tmp_path / "out.json")]
    work = tmp_path / "work"
    assert main([*given, "--methods", "hrank", "random", "--jobs", "2"]) == 0
    assert "random-50-2: " in capsys.readouterr().err
    assert "=== random-50-2" in (work / "random-50-2.log").read_text()
    before = (work / "hrank-50-1.json").stat().st_mtime_ns
    (work / "random-50-2.json").rename(tmp_path / "in_a_process.json")
    shutil.rmtree(work / "random-50-2")
    assert main(given) == 0
    out, err = capsys.readouterr()
    found = [
        json.loads(it.read_text())
        for it in (work / "random-50-2.json", tmp_path / "in_a_process.json")
    ]
    assert found[0]["right"] == found[1]["right"]
    assert (work / "hrank-50-1.json").stat().st_mtime_ns == before
    assert "=== hrank-50-1" not in err
    assert "=== masks-50-2" in err
    document = json.loads((tmp_path / "out.json").read_text())
    assert len(document["samples"]) == 12
    assert "hrank at 92 % -2.76" in out
    for row in document["rows"]:
        own = [it for it in document["samples"] if it["method"] == row["method"]]
        assert row["change"] == pytest.approx(np.mean([it["change"] for it in own]), abs=1e-3)
        assert row["change_interval"][0] <= row["change"] <= row["change_interval"][1]
        assert ("against" in row) == (row["method"] != "hrank")
    with pytest.raises(TrunklineError, match="is of other settings or another base"):
        main([*given, "--lr", "0.02"])
    with pytest.raises(UnknownNameError, match="'best': expected one of hrank, hrank"):
        main([*given, "--methods", "best"])
