"""When a run ends, and which weights it keeps, on a job of one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trunkline.errors import TrunklineError

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

if TYPE_CHECKING:
    from trunkline_training.train.trainer import Trainer

STEPS = 2


def trainer(run: Path, scores: list[float], **changed: float) -> Trainer:
    """A run whose n-th validation has the n-th score; its one weight grows by 1 a step."""
    from torch import Tensor, nn

    from trunkline_training.train.config import Training
    from trunkline_training.train.job import SCORE, Job
    from trunkline_training.train.trainer import Trainer
    from trunkline_training.train.views import Batch

    class Scripted(Job):
        module = nn.Linear(1, 1, bias=False)
        steps = STEPS

        def batches(self, start: int, stop: int) -> Iterator[Batch]:
            for step in range(start, stop):
                yield Batch({"x": np.ones((1, 1), np.float32)}, [0], step)

        def losses(self, batch: Batch) -> dict[str, Tensor]:
            return {"loss": -self.module(torch.from_numpy(batch.arrays["x"])).sum()}

        def validate(self, module: nn.Module) -> dict[str, float]:
            return {SCORE: next(self.left), "weight": float(next(module.parameters()))}

        def onnx(self, module: nn.Module) -> bytes:
            raise NotImplementedError

        left = iter(scores)

    with torch.no_grad():
        Scripted.module.weight.zero_()
    config = Training(
        run=str(run), lr=1.0, momentum=0.0, weight_decay=0.0, warmup=0, schedule="constant"
    )
    return Trainer(replace(config, epochs=len(scores) - 1, **changed), Scripted())  # type: ignore[arg-type]


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    found = trainer(tmp_path, [0, 3, 5, 4]).run(resume=False)
    assert (found["epoch"], found["weight"]) == (2, 2 * STEPS)


def test_a_start_that_no_epoch_betters_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trainer(tmp_path / "a", [3, 2, 1]).run(resume=False)["epoch"] == 0
    assert "no epoch was better than the start, which is kept" in capsys.readouterr().err
    assert trainer(tmp_path / "b", [3, 2, 4]).run(resume=False)["epoch"] == 2
    assert "no epoch" not in capsys.readouterr().err


@pytest.mark.parametrize("score", [float("nan"), float("-inf")])
def test_a_start_of_no_worth_is_refused_and_a_later_epoch_is_not_kept(
    tmp_path: Path, score: float
) -> None:
    with pytest.raises(TrunklineError, match="the start's validation score"):
        trainer(tmp_path / "a", [score, 1, 2]).run(resume=False)
    assert trainer(tmp_path / "b", [1, score, 2, score]).run(resume=False)["epoch"] == 2


@pytest.mark.parametrize(
    ("patience", "ended"),
    [(0, 6), (1, 3), (2, 6), (3, 6)],
)
def test_it_ends_behind_as_many_worse_epochs_as_it_has_patience(
    tmp_path: Path, patience: int, ended: int
) -> None:
    """The epochs' scores rise twice, fall once, and rise again."""
    run = trainer(tmp_path, [0, 1, 2, 1, 3, 2.5, 4], patience=patience)
    found = run.run(resume=False)
    assert run.step == ended * STEPS
    assert found["epoch"] == (2 if ended == 3 else 6)


def test_a_run_without_patience_left_does_not_go_on(tmp_path: Path) -> None:
    trainer(tmp_path, [0, 1, 0, 0, 9], patience=2).run(resume=False)
    again = trainer(tmp_path, [9, 9, 9, 9, 9], patience=2)
    found = again.run(resume=True)
    assert (again.step, found["epoch"]) == (3 * STEPS, 1)


def test_averaged_weights_are_near_the_last_ones_of_a_short_run(tmp_path: Path) -> None:
    """Four steps of 1: a constant decay of 0.999 would leave the first step's weight."""
    found = trainer(tmp_path, [0, 1, 2], ema=0.999).run(resume=False)
    assert 2.5 < found["weight"] < 4


def test_averaged_weights_end_at_the_decay_that_is_set(tmp_path: Path) -> None:
    """Of a weight that grows by 1 a step, the average lags by decay / (1 - decay)."""
    run = trainer(tmp_path, [0.0, *range(40)], ema=0.5)
    found = run.run(resume=False)
    assert run.step - found["weight"] == pytest.approx(1, abs=0.01)
