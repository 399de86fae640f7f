"""Frames that are worked on together: each is decoded and answered alone, the tail runs once."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from trunkline import wire
from trunkline.errors import CorruptFrameError
from trunkline.timing import Stopwatch
from trunkline.types import InferRequest
from trunkline_tasks.failures import failure
from trunkline_tasks.metrics import Metrics
from trunkline_tasks.model import Model, Prepared
from trunkline_tasks.tasks.base import Outputs
from trunkline_tasks.tolerant import Malformed
from trunkline_tasks.work import Caller

Message = Any  # the generated messages are the wire module's business


@dataclass(frozen=True)
class Reply:
    """An InferResponse, and the status and message that a call with one answer ends with."""

    message: Message
    code: str = "OK"
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Job:
    """One request on its way through the threads, with its log lines' context."""

    request: Message
    caller: Caller
    watch: Stopwatch = field(default_factory=Stopwatch)
    started: float = field(default_factory=time.perf_counter)
    context: Context = field(default_factory=copy_context)


@dataclass(frozen=True)
class _Ready:
    """A job whose frame is a tensor now."""

    job: Job
    asked: InferRequest
    prepared: Prepared


class Together:
    """From messages to messages. Called in threads; every error becomes a reply."""

    def __init__(self, model: Model, metrics: Metrics) -> None:
        self._model = model
        self._metrics = metrics

    def __call__(self, jobs: Sequence[Job]) -> list[Reply]:
        """A reply for each job, in their order."""
        begun = [job.context.run(self._prepare, job) for job in jobs]
        ready = [it for it in begun if isinstance(it, _Ready)]
        outputs = iter(self._run(ready))
        return [
            it.job.context.run(self._finish, it, next(outputs)) if isinstance(it, _Ready) else it
            for it in begun
        ]

    def _prepare(self, job: Job) -> _Ready | Reply:
        job.watch.ms["queue"] = (time.perf_counter() - job.started) * 1e3
        try:
            if isinstance(job.request, Malformed):
                raise CorruptFrameError(job.request.problem)
            asked = wire.request_from_message(job.request)
            prepared = self._model.prepare(asked, job.watch, job.caller.check)
            return _Ready(job, asked, prepared)
        except Exception as error:  # whatever a frame brings about: the next one must find us well
            return failed(error, job.request)

    def _run(self, ready: Sequence[_Ready]) -> list[Outputs | Exception]:
        """The tail's outputs for each frame, or what it raised."""
        if not ready:
            return []
        self._metrics.batch(len(ready))
        began = time.perf_counter()
        try:
            outputs = self._model.run([it.prepared.tensor for it in ready])
            found: list[Outputs | Exception] = list(outputs)
        except Exception as error:
            found = [error] * len(ready)
        elapsed_ms = (time.perf_counter() - began) * 1e3
        for it in ready:
            it.job.watch.ms["tail"] = elapsed_ms
        return found

    def _finish(self, ready: _Ready, outputs: Outputs | Exception) -> Reply:
        job, asked = ready.job, ready.asked
        try:
            if isinstance(outputs, Exception):
                raise outputs
            result = self._model.finish(asked, ready.prepared, outputs, job.watch)
            self._metrics.accepted(asked.frame.codec, len(asked.frame.payload))
            job.watch.ms["total"] = (time.perf_counter() - job.started) * 1e3
            timed = dataclasses.replace(result, timings_ms=dict(job.watch.ms))
            return Reply(wire.response_to_message(timed))
        except Exception as error:  # as above
            return failed(error, job.request)


def failed(error: Exception, request: Message) -> Reply:
    """The reply to a request that came to nothing."""
    told = failure(error, request.request_id)
    return Reply(wire.response_to_message(told), told.code, told.message)
