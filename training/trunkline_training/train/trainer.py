"""The loop: steps, validations, logs, checkpoints, and going on after the process was killed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from trunkline.errors import ParameterError, TrunklineError
from trunkline.files import make_folder
from trunkline_training.progress import say
from trunkline_training.train import checkpoint, optimiser
from trunkline_training.train.checkpoint import BEST, LAST
from trunkline_training.train.config import Training
from trunkline_training.train.job import SCORE, Job
from trunkline_training.train.log import Log
from trunkline_training.train.precision import computing
from trunkline_training.train.views import Batch


def steady(config: Training) -> None:
    """Make everything random, and everything parallel, the same in each run."""
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True)
    checkpoint.seed_everything(config.seed)


def require_fresh(config: Training, resume: bool) -> None:
    """Raise ParameterError where a run would be written over."""
    if (config.folder / LAST).is_file() and not resume:
        raise ParameterError(f"{config.run} holds a run: give --resume, or another --run")


class Trainer:
    """One run of a job. `steady` comes first, and `require_fresh`."""

    def __init__(self, config: Training, job: Job) -> None:
        self.config, self.job = config, job
        make_folder(config.folder)
        self.total = config.epochs * job.steps
        self.module = job.module.to(memory_format=torch.channels_last)
        self._average = optimiser.averaged(config, self.module)
        self._optimizer = optimiser.optimiser(config, self.module)
        self._scheduler = optimiser.scheduler(config, self._optimizer, self.total)
        self.step, self.best = 0, -math.inf
        self.worse = 0
        """Validations since the best one."""
        self.figures: dict[str, float] = {}

    @property
    def kept(self) -> nn.Module:
        """The module that is validated and served: the averaged one where there is one."""
        return self.module if self._average is None else self._average.module

    def run(self, resume: bool) -> dict[str, float]:
        """Train to the end; the best epoch's figures. `job.module` then has its weights."""
        if resume and (self.config.folder / LAST).is_file():
            self._restore(checkpoint.load(self.config.folder / LAST))
            say(f"going on behind step {self.step} of {self.total}")
        elif resume:
            say(f"no checkpoint in {self.config.folder} yet: it begins")
        log = Log(self.config.folder, self.step, self.total)
        try:
            if self.step == 0:  # what the start is worth; it may be the best there will be
                self._validate(0, log)
            for batch in self.job.batches(self.step, self.total):
                if self._tired():
                    say(f"no better for {self.worse} validations: stopped at step {self.step}")
                    break
                log.step(self.step + 1, self._learn(batch))
                self.step += 1
                self._after_step(log)
        finally:
            log.close()
        best = checkpoint.load(self.config.folder / BEST)
        self.module.load_state_dict(best["module"])
        if self.total and not best["figures"]["epoch"]:
            say("no epoch was better than the start, which is kept")
        return dict(best["figures"])

    def _learn(self, batch: Batch) -> dict[str, float]:
        """One step; its losses, the learning rate and the gradient's norm."""
        self.module.train()
        rate = float(self._scheduler.get_last_lr()[0])
        with computing(self.module, self.config.precision):
            losses = self.job.losses(batch)
        loss = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(loss):
            raise TrunklineError(
                f"the loss is {loss.item()} at step {self.step + 1}: expected a finite one; try a "
                "smaller --lr, a longer --warmup, or --clip"
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = optimiser.clip(self.config, self.module)
        self._optimizer.step()
        self._scheduler.step()
        if self._average is not None:
            self._average.update_parameters(self.module)
        parts = {name: value.item() for name, value in losses.items()}
        return {"loss": loss.item(), **parts, "lr": rate, "gradient": norm}

    def _tired(self) -> bool:
        return 0 < self.config.patience <= self.worse

    def _after_step(self, log: Log) -> None:
        epoch, inside = divmod(self.step, self.job.steps)
        ended = inside == 0
        if ended and (epoch % self.config.validate_epochs == 0 or self.step == self.total):
            self._validate(epoch, log)
        if ended or self.step % self.config.checkpoint_steps == 0:
            checkpoint.save(self.config.folder / LAST, self._state())

    def _validate(self, epoch: int, log: Log) -> None:
        kept = self.kept.eval()
        with torch.no_grad():
            figures = self.job.validate(kept)
        log.epoch(epoch, self.step, figures)
        if not (self.step or math.isfinite(figures[SCORE])):
            raise TrunklineError(
                f"the start's validation score is {figures[SCORE]}: expected a finite one; give "
                "another start, or other --data"
            )
        self.worse += 1
        if figures[SCORE] > self.best:
            self.worse = 0
            self.best = figures[SCORE]
            found = {**figures, "epoch": float(epoch)}
            state = {"module": kept.state_dict(), "figures": found}
            checkpoint.save(self.config.folder / BEST, state)

    def _settings(self) -> dict[str, Any]:
        """What the weights depend on."""
        return {**settings(self.config), "pictures": self.job.depends}

    def _state(self) -> dict[str, Any]:
        average = self._average
        return {
            "settings": self._settings(),
            "step": self.step,
            "best": self.best,
            "worse": self.worse,
            "module": self.module.state_dict(),
            "average": None if average is None else average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scheduler": self._scheduler.state_dict(),
            "random": checkpoint.random_state(),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        path = self.config.folder / LAST
        checkpoint.require_same(self._settings(), state["settings"], path)
        self.module.load_state_dict(state["module"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scheduler.load_state_dict(state["scheduler"])
        self.step, self.best, self.worse = state["step"], state["best"], state["worse"]
        checkpoint.restore_random(state["random"])


FREE = {"data", "test", "output", "workers", "cache", "checkpoint_steps"}
"""Settings that change no weight, so that a run may go on with others.

What pictures there are changes them, where they lie does not: see `Job.depends`.
"""


def settings(config: Training) -> dict[str, Any]:
    """The settings that a run's weights depend on, as a checkpoint keeps them."""
    values = dataclasses.asdict(config)
    return {name: value for name, value in values.items() if name not in FREE}
