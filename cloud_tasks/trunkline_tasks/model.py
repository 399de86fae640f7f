"""One task's tail, loaded and tried: frames in, results out. Knows no protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trunkline import codecs, engines, pipeline, trunks
from trunkline.engines import Network
from trunkline.errors import TrunklineError, WeightsError
from trunkline.timing import Stopwatch
from trunkline.types import (
    InferRequest,
    InferResult,
    Preprocess,
    TaskInfo,
    Tensor,
    TrunkSpec,
)
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import ModelStore
from trunkline_tasks import tasks
from trunkline_tasks.settings import TaskSettings
from trunkline_tasks.tasks import Task
from trunkline_tasks.tasks.base import Options, Outputs

log = logging.getLogger(__name__)

_NO_PREPROCESS = Preprocess((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # no picture goes through it


SAME = 1e-3
"""How far a tail's outputs may differ between a batch of one and of two."""


def _go_on() -> None:
    """Nobody is waiting who could give up."""


@dataclass(frozen=True)
class Prepared:
    """A frame's tensor (C, H, W) float32, and how much of an answer is wanted."""

    tensor: Tensor
    options: Options


@dataclass(frozen=True)
class Model:
    """A tail on its engine and the task that reads its outputs. It may be used in many threads."""

    entry: TailEntry
    network: Network
    task: Task

    @property
    def info(self) -> TaskInfo:
        """What this task says of itself."""
        return TaskInfo(
            name=self.entry.task,
            model=self.entry.model,
            trunk=self.entry.trunk,
            cut=self.entry.cut,
            shape=self.entry.shape,
            accepts=self.entry.accepts,
            labels=len(self.task.labels),
        )

    def infer(self, request: InferRequest) -> InferResult:
        """Finish the inference of one frame. Raises what `prepare` and `finish` raise."""
        watch = Stopwatch()
        prepared = self.prepare(request, watch)
        with watch.stage("tail"):
            (outputs,) = self.run([prepared.tensor])
        return self.finish(request, prepared, outputs, watch)

    def prepare(
        self, request: InferRequest, watch: Stopwatch, go_on: Callable[[], None] = _go_on
    ) -> Prepared:
        """What comes before the tail: check the frame, undo it.

        `go_on` is called between the stages and may raise to end the work. Raises ParameterError,
        FrameMismatchError (another trunk, shape or codec) and CorruptFrameError.
        """
        options = self.task.defaults.override(request.top_k, request.score_threshold)
        pipeline.check(request.frame, self.entry.accepts, self.entry.shape)
        go_on()
        tensor = pipeline.unpack(request.frame, watch)
        go_on()
        return Prepared(tensor, options)

    def run(self, tensors: Sequence[Tensor]) -> list[Outputs]:
        """The tail's outputs for each of some (C, H, W) float32 tensors, as for a batch of one.

        More than one at a time only where the tail `takes_batches`.
        """
        outputs = self.network.run(np.stack(tensors))  # N of (C, H, W) -> (N, C, H, W)
        return [outputs] if len(tensors) == 1 else self.task.split(outputs, len(tensors))

    def finish(
        self, request: InferRequest, prepared: Prepared, outputs: Outputs, watch: Stopwatch
    ) -> InferResult:
        """The answer to one frame. Raises CorruptFrameError for outputs that no sound one gives."""
        with watch.stage("postprocess"):
            result = self.task.result(outputs, request.frame.image_size, prepared.options)
        return InferResult(result, self.entry.model, dict(watch.ms), request.request_id)

    @cached_property
    def takes_batches(self) -> bool:
        """Whether two frames at a time come out as each would alone."""
        zeros = np.zeros(self.entry.shape, np.float32)
        try:
            alone, *together = *self.run([zeros]), *self.run([zeros, zeros])
        except Exception as error:  # engines have exceptions of their own
            log.debug("frames go through the tail one by one", extra={"cause": str(error)[:200]})
            return False
        return all(_alike(alone, outputs) for outputs in together)

    def warm_up(self) -> None:
        """Check the tail's outputs and run a frame of each codec: the first caller need not wait.

        Raises WeightsError for a tail that is not this task's.
        """
        zeros = np.zeros(self.entry.shape, np.float32)
        outputs = self.network.run(zeros[np.newaxis])  # (C, H, W) -> (1, C, H, W)
        self.task.check_outputs(outputs)
        if not all(np.isfinite(output).all() for output in outputs):
            raise WeightsError(f"{self.entry.path} gives NaN or Inf for zeros: build it again")
        for info in codecs.table():
            if info.kind == "picture" and info.available:
                self._try(info.id)

    def _try(self, codec: str) -> None:
        """One frame of zeros there and back; a codec that fails is its callers' loss alone."""
        entry = self.entry
        spec = TrunkSpec(
            entry.trunk, entry.set, entry.cut, entry.shape, entry.accepts[0], _NO_PREPROCESS
        )
        zeros = np.zeros(entry.shape, np.float32)
        try:
            frame = pipeline.pack(zeros, spec, codecs.get(codec), image_size=(1, 1))
            self.infer(InferRequest(frame))
        except TrunklineError as error:
            log.warning("codec fails: its frames will be refused", extra={"cause": str(error)})


def _alike(one: Outputs, other: Outputs) -> bool:
    return all(
        mine.shape == theirs.shape and np.allclose(mine, theirs, atol=SAME)
        for mine, theirs in zip(one, other, strict=True)
    )


def load(settings: TaskSettings, store: ModelStore) -> Model:
    """The tail for (trunk, weight set, task), checked against its sha256.

    Raises UnknownNameError, WeightsError for a pair that does not exist (it lists those that do),
    EngineError.
    """
    kind = tasks.load(settings.name)
    entry = find(settings, store)
    if not entry.accepts:
        raise WeightsError(f"{entry.path} accepts no trunk digest: build it again")
    network = engines.load(
        settings.engine,
        entry.verified_path(),
        precision=settings.precision,
        threads=settings.threads,
    )
    return Model(entry, network, kind(entry.labels()))


def find(settings: TaskSettings, store: ModelStore) -> TailEntry:
    """The store's entry; WeightsError with the pairs that exist and what brings others."""
    trunk, name = settings.trunk, settings.name
    weights = trunks.kind(trunk).set_or_own(settings.weights)
    try:
        return store.tail(trunk, weights, name)
    except WeightsError as error:
        if store.damaged():  # then that is what the error is about, or may be
            raise
        pairs = ", ".join(f"{tail.trunk}/{tail.set} with {tail.task}" for tail in store.tails())
        raise WeightsError(
            f"no pair of trunk {trunk}/{weights} with task {name}: there are {pairs or 'none'}; "
            f"build others with: trunkline weights build --trunk {trunk} --set {weights}"
        ) from error
