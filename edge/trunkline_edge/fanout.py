"""One frame to several tasks: all at once, one deadline, whatever comes back in time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import grpc.aio

from trunkline.errors import CorruptFrameError
from trunkline.types import InferFailure, InferResult
from trunkline_edge.metrics import Metrics
from trunkline_edge.registry import REFUSED, SERVING, Registry
from trunkline_edge.task_client import TaskClient, plain, words

RETRY_PAUSE_S = 0.15
"""Long enough for a channel to connect again, short beside any sensible deadline."""

_FAILURES = frozenset(code.name for code in grpc.StatusCode) - {"OK"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskError:
    """Why a task gave no result: a gRPC code's name and what it says."""

    code: str
    message: str


@dataclass(frozen=True)
class TaskAnswer:
    """What one task gave, and how long it took as the edge sees it, milliseconds."""

    task: str
    outcome: InferResult | TaskError
    call_ms: float


class Fanout:
    """Calls tasks of a registry."""

    def __init__(self, registry: Registry, metrics: Metrics) -> None:
        self._registry = registry
        self._metrics = metrics

    async def infer(
        self, clients: Sequence[TaskClient], request: bytes, timeout_s: float
    ) -> list[TaskAnswer]:
        """Send one serialised request to every task; raises nothing for a task that fails."""
        deadline = time.monotonic() + timeout_s
        return await asyncio.gather(*(self._one(client, request, deadline) for client in clients))

    async def _one(self, client: TaskClient, request: bytes, deadline: float) -> TaskAnswer:
        task, started = client.name, time.monotonic()
        status = self._registry.status_of(client)
        if status.state == REFUSED:  # the task would say the same of every frame
            outcome: InferResult | TaskError = TaskError("FAILED_PRECONDITION", status.detail)
        else:
            outcome = await self._twice(client, request, deadline)
        elapsed = time.monotonic() - started
        code = outcome.code if isinstance(outcome, TaskError) else "OK"
        if code == ("UNAVAILABLE" if status.state == SERVING else "OK"):
            self._registry.doubt(task)
        self._metrics.task_calls.labels(task, code).inc()
        self._metrics.task_seconds.labels(task).observe(elapsed)
        return TaskAnswer(task, outcome, elapsed * 1e3)

    async def _twice(
        self, client: TaskClient, request: bytes, deadline: float
    ) -> InferResult | TaskError:
        """One call; another where the task was unavailable and there is time for it."""
        outcome = await self._call(client, request, deadline)
        if not isinstance(outcome, TaskError) or outcome.code != "UNAVAILABLE":
            return outcome
        if deadline - time.monotonic() <= RETRY_PAUSE_S:
            return outcome
        await asyncio.sleep(RETRY_PAUSE_S)
        return await self._call(client, request, deadline)

    async def _call(
        self, client: TaskClient, request: bytes, deadline: float
    ) -> InferResult | TaskError:
        task, left = client.name, deadline - time.monotonic()
        try:
            answer = await client.infer(request, max(left, 0.0))
        except grpc.aio.AioRpcError as error:
            return TaskError(error.code().name, _message(task, client.address, error))
        except CorruptFrameError as error:
            return TaskError("INTERNAL", plain(f"task {task} answered nonsense: {error}"))
        except Exception:  # whatever a task brings about: the results of the others must not go
            _log.exception("cannot call task %s", task)
            return TaskError("INTERNAL", f"the edge failed on task {task}: its log says why")
        return _failed(answer) if isinstance(answer, InferFailure) else answer


def _failed(failure: InferFailure) -> TaskError:
    """A failure in a task's own words, of which metrics and clients get only sound ones."""
    code = failure.code if failure.code in _FAILURES else "UNKNOWN"
    return TaskError(code, plain(failure.message))


def _message(task: str, address: str, error: grpc.aio.AioRpcError) -> str:
    """What a gRPC error says, in a line that names the task."""
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"task {task} at {address} did not answer in time"
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return f"task {task} at {address} cannot be reached: {words(error)}"
    return words(error)
