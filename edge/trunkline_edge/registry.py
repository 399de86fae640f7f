"""What the edge knows of its tasks, found out in the background and kept up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import grpc
import grpc.aio

from trunkline.errors import CorruptFrameError
from trunkline.types import TaskInfo, TrunkSpec
from trunkline_edge.metrics import STATES, Metrics
from trunkline_edge.task_client import TaskClient, words

SERVING, NOT_SERVING, UNREACHABLE, REFUSED = STATES

NOT_ASKED = "not asked yet"

CHECK_TIMEOUT_S = 2.0
CHECK_EVERY_S = 2.0
RETRY_EVERY_S = 0.5

LONGEST_NAME = 200
MOST_DIGESTS = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskStatus:
    """One task's state, why it is in it, and what the task last said of itself."""

    name: str
    address: str
    state: str = UNREACHABLE
    detail: str = NOT_ASKED
    info: TaskInfo | None = None


class Registry:
    """Asks every task for its digests and health: at once, and again for as long as it runs."""

    def __init__(self, clients: Iterable[TaskClient], metrics: Metrics) -> None:
        self.clients = {client.name: client for client in clients}
        self._metrics = metrics
        self._status = {
            name: TaskStatus(name, client.address) for name, client in self.clients.items()
        }
        self._wake = {name: asyncio.Event() for name in self.clients}
        self._watchers: list[asyncio.Task[None]] = []

    def start(self, spec: TrunkSpec) -> None:
        """Begin to ask, for an edge that runs the trunk `spec`."""
        self._watchers = [
            asyncio.create_task(self._watch(client, spec)) for client in self.clients.values()
        ]

    async def close(self) -> None:
        """Stop asking and close the channels."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self.clients.values()))

    def statuses(self) -> list[TaskStatus]:
        """Every task as it was last seen, in the order of the settings."""
        return list(self._status.values())

    def status(self, name: str) -> TaskStatus:
        """One task as it was last seen."""
        return self._status[name]

    def doubt(self, name: str) -> None:
        """A call went otherwise than the task's state promised: ask it again now."""
        self._wake[name].set()

    async def _watch(self, client: TaskClient, spec: TrunkSpec) -> None:
        while True:
            before = self._status[client.name]
            try:
                self._note(await _examine(client, before, spec))
            except Exception as error:  # whatever it is, the next look may go better
                _log.exception("cannot examine task %s", client.name)
                self._note(replace(before, state=UNREACHABLE, detail=type(error).__name__))
            serving = self._status[client.name].state == SERVING
            wake = self._wake[client.name]
            try:
                await asyncio.wait_for(wake.wait(), CHECK_EVERY_S if serving else RETRY_EVERY_S)
            except asyncio.TimeoutError:
                continue
            wake.clear()

    def _note(self, status: TaskStatus) -> None:
        before = self._status[status.name]
        self._status[status.name] = status
        self._metrics.task_state(status.name, status.state)
        if before.state != status.state or before.detail == NOT_ASKED:
            level = logging.INFO if status.state == SERVING else logging.WARNING
            extra = {"task": status.name, "address": status.address, "detail": status.detail}
            _log.log(level, "task %s is %s", status.name, status.state, extra=extra)


async def _examine(client: TaskClient, before: TaskStatus, spec: TrunkSpec) -> TaskStatus:
    """Ask a task what it accepts and whether it serves."""
    try:
        info = _plausible(await client.describe(CHECK_TIMEOUT_S))
        problem = _mismatch(info, spec)
        if problem:
            return replace(before, state=REFUSED, detail=problem, info=info)
        if not await client.healthy(info.name, CHECK_TIMEOUT_S):
            return replace(before, state=NOT_SERVING, detail="its health says so", info=info)
    except grpc.aio.AioRpcError as error:
        detail = f"{error.code().name}: {words(error)}"
        return replace(before, state=UNREACHABLE, detail=detail)
    except CorruptFrameError as error:
        return replace(before, state=REFUSED, detail=f"it is no Trunkline task: {error}")
    return replace(before, state=SERVING, detail="", info=info)


def _plausible(info: TaskInfo) -> TaskInfo:
    """The info itself. Raises CorruptFrameError for one that /v1/tasks had better not repeat."""
    if len(info.accepts) > MOST_DIGESTS:
        raise CorruptFrameError(f"it names {len(info.accepts)} digests: {MOST_DIGESTS} at most")
    for text in (info.name, info.model, info.trunk, info.cut):
        if len(text) > LONGEST_NAME or not text.isprintable():
            raise CorruptFrameError(
                f"one of its names has {len(text)} characters: expected {LONGEST_NAME} at most, "
                "all printable"
            )
    return info


def _mismatch(info: TaskInfo, spec: TrunkSpec) -> str:
    """Why frames of the trunk `spec` are not for this task, or nothing."""
    if spec.digest not in info.accepts:
        return (
            f"task accepts trunk digest {' or '.join(info.accepts) or 'none'}, this edge runs "
            f"{spec.name}/{spec.set} with {spec.digest}: run both on one weight set"
        )
    if info.shape != spec.shape:
        return f"task takes tensors of {info.shape}, trunk {spec.name} makes {spec.shape}"
    return ""
