"""One task's tail, loaded and tried: frames in, results out. Knows no protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trunkline import codecs, engines, pipeline, trunks
from trunkline.engines import Network
from trunkline.errors import TrunklineError, WeightsError
from trunkline.timing import Stopwatch
from trunkline.types import InferRequest, InferResult, Preprocess, TaskInfo, TrunkSpec
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import ModelStore
from trunkline_tasks import tasks
from trunkline_tasks.settings import TaskSettings
from trunkline_tasks.tasks import Task

log = logging.getLogger(__name__)

_NO_PREPROCESS = Preprocess((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # no picture goes through it


def _go_on() -> None:
    """Nobody is waiting who could give up."""


@dataclass(frozen=True)
class Model:
    """A tail on its engine and the task that reads its outputs. `infer` may run in many threads."""

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

    def infer(
        self,
        request: InferRequest,
        watch: Stopwatch | None = None,
        go_on: Callable[[], None] = _go_on,
    ) -> InferResult:
        """Finish the inference of one frame.

        `go_on` is called between the stages and may raise to end the work. Raises ParameterError,
        FrameMismatchError (another trunk, shape or codec) and CorruptFrameError.
        """
        watch = watch or Stopwatch()
        options = self.task.defaults.override(request.top_k, request.score_threshold)
        pipeline.check(request.frame, self.entry.accepts, self.entry.shape)
        go_on()
        tensor = pipeline.unpack(request.frame, watch)
        go_on()
        with watch.stage("tail"):
            outputs = self.network.run(tensor[np.newaxis])  # (C, H, W) -> (1, C, H, W)
        with watch.stage("postprocess"):
            result = self.task.result(outputs, request.frame.image_size, options)
        return InferResult(result, self.entry.model, dict(watch.ms), request.request_id)

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
