"""One task's tail, loaded and tried: frames in, results out. Knows no protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trunkline import codecs, engines, pipeline, trunks
from trunkline.errors import TrunklineError, UnknownNameError, WeightsError
from trunkline.text import one_line
from trunkline.timing import Stopwatch
from trunkline.types import (
    InferRequest,
    InferResult,
    Preprocess,
    TaskInfo,
    Tensor,
    TrunkSpec,
)
from trunkline.weights import package as packages
from trunkline.weights.manifest import TailEntry
from trunkline.weights.package import Package
from trunkline.weights.store import ModelStore
from trunkline_tasks import programs, tasks
from trunkline_tasks.settings import TaskSettings
from trunkline_tasks.tasks import Task
from trunkline_tasks.tasks.base import Options, Outputs

log = logging.getLogger(__name__)

LONGEST = 200
"""Characters of what an engine says."""

_NO_PREPROCESS = Preprocess((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # no picture goes through it


def _go_on() -> None:
    """Nobody is waiting who could give up."""


@dataclass(frozen=True)
class Prepared:
    """A frame's tensor (C, H, W) float32, and how much of an answer is wanted."""

    tensor: Tensor
    options: Options


class Runner(Protocol):
    """What runs a batch: an engine's network, or a program of somebody's own."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """The outputs for a batch (N, C, H, W); called from several threads."""


@dataclass(frozen=True)
class Model:
    """A tail on its engine and the task that reads its outputs. It may be used in many threads.

    `info` is what the task says of itself, `source` the file it comes from, `set` its trunk's.
    """

    info: TaskInfo
    network: Runner
    task: Task
    source: str
    set: str

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
        pipeline.check(request.frame, self.info.accepts, self.info.shape)
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
        return InferResult(result, self.info.model, dict(watch.ms), request.request_id)

    @cached_property
    def takes_batches(self) -> bool:
        """Whether two frames at a time come out as each would alone."""
        zeros = np.zeros(self.info.shape, np.float32)
        try:
            alone, *together = *self.run([zeros]), *self.run([zeros, zeros])
        except Exception as error:  # engines have exceptions of their own
            cause = one_line(str(error), LONGEST)
            log.debug("frames go through the tail one by one", extra={"cause": cause})
            return False
        return all(self.task.alike(alone, outputs) for outputs in together)

    def warm_up(self) -> None:
        """Check the tail's outputs and run a frame of each codec: the first caller need not wait.

        Raises WeightsError for a tail that is not this task's.
        """
        zeros = np.zeros(self.info.shape, np.float32)
        try:
            # (C, H, W) -> (1, C, H, W)
            self.task.check_outputs(self.network.run(zeros[np.newaxis]))
        except WeightsError as error:
            raise WeightsError(f"{self.source}: {error}") from error
        except Exception as error:  # engines and programs have exceptions of their own
            raise WeightsError(
                f"{self.source} cannot be run on a tensor of {self.info.shape}: "
                f"{one_line(str(error), LONGEST)}"
            ) from error
        for info in codecs.table():
            if info.kind == "picture" and info.available:
                self._try(info.id)

    def _try(self, codec: str) -> None:
        """One frame of zeros there and back; a codec that fails is its callers' loss alone."""
        info = self.info
        spec = TrunkSpec(
            info.trunk, self.set, info.cut, info.shape, info.accepts[0], _NO_PREPROCESS
        )
        zeros = np.zeros(info.shape, np.float32)
        try:
            frame = pipeline.pack(zeros, spec, codecs.get(codec), image_size=(1, 1))
            self.infer(InferRequest(frame))
        except TrunklineError as error:
            log.warning("a first frame of zeros fails", extra={"codec": codec, "cause": str(error)})


def load(settings: TaskSettings, store: ModelStore) -> Model:
    """The model that the settings name: a tail of the store, a packaged task, or a program.

    Raises UnknownNameError, WeightsError for a pair that does not exist (it lists those that do),
    EngineError, ParameterError for a program that is none.
    """
    if programs.is_program(settings.package):
        return _program(settings, store)
    if settings.package:
        package = packages.read(Path(settings.package))
        return _of_tail(settings, _kind(package), package.tail)
    return _of_tail(settings, tasks.load(settings.name), find(settings, store))


def _kind(package: Package) -> type[Task]:
    """What reads a packaged tail's outputs. Raises WeightsError."""
    try:
        return tasks.load(package.kind)
    except UnknownNameError as error:
        raise WeightsError(f"{package.tail.folder / packages.NAME}: kind: {error}") from error


def _of_tail(settings: TaskSettings, kind: type[Task], entry: TailEntry) -> Model:
    """A tail, checked against its sha256, on the engine of the settings."""
    if not entry.accepts:
        raise WeightsError(f"{entry.path} accepts no trunk digest: build it again")
    network = engines.load(
        settings.engine,
        entry.verified_path(),
        precision=settings.precision,
        threads=settings.threads,
    )
    task = kind(entry.labels())
    info = TaskInfo(
        name=settings.name,
        model=entry.model,
        trunk=entry.trunk,
        cut=entry.cut,
        shape=entry.shape,
        accepts=entry.accepts,
        labels=len(task.labels),
    )
    return Model(info, network, task, str(entry.path), entry.set)


def _program(settings: TaskSettings, store: ModelStore) -> Model:
    """A class of somebody's own, for the frames of the settings' trunk."""
    program = programs.load(settings.package)
    spec = store.trunk(
        settings.trunk, trunks.kind(settings.trunk).set_or_own(settings.weights)
    ).spec
    task = programs.ProgramTask(programs.labels(program))
    info = TaskInfo(
        name=settings.name,
        model=programs.model_name(program, Path(settings.package).name),
        trunk=spec.name,
        cut=spec.cut,
        shape=spec.shape,
        accepts=(spec.digest,),
        labels=len(task.labels),
    )
    return Model(info, programs.Runner(program), task, settings.package, spec.set)


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
