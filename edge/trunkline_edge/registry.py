"""What the edge knows of its tasks, found out in the background and kept up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import grpc
import grpc.aio

from trunkline.errors import CorruptFrameError
from trunkline.text import LONGEST_LINE, is_line, shown
from trunkline.types import TaskInfo, TrunkSpec
from trunkline_edge.metrics import STATES, Metrics
from trunkline_edge.task_client import TaskClient, words

SERVING, NOT_SERVING, UNREACHABLE, REFUSED = STATES

NOT_ASKED = "not asked yet"

CHECK_TIMEOUT_S = 2.0
CHECK_EVERY_S = 2.0
RETRY_EVERY_S = 0.5
GRACE_S = 60.0
"""How long a task that was removed is still there for pictures that came before."""

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
        self.clients: dict[str, TaskClient] = {}
        self._metrics = metrics
        self._spec: TrunkSpec | None = None
        self._status: dict[str, TaskStatus] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        for client in clients:
            self.put(client)

    def start(self, spec: TrunkSpec) -> None:
        """Begin to ask, for an edge that runs the trunk `spec`."""
        self._spec = spec
        for client in self.clients.values():
            self._begin(client, spec)

    async def close(self) -> None:
        """Stop asking and close the channels."""
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self.clients.values()))
        for leaving in self._leaving:
            leaving.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Every task's."""
        return tuple(self.clients)

    def put(self, client: TaskClient, status: TaskStatus | None = None) -> None:
        """Take a task in, in the place of one of the same name; `status` is what is known of it."""
        name = client.name
        if name in self.clients:
            self.drop(name)
        self.clients[name] = client
        self._status[name] = status or TaskStatus(name, client.address)
        self._wake[name] = asyncio.Event()
        if self._spec is not None:
            self._begin(client, self._spec)

    def drop(self, name: str) -> None:
        """Let a task go; pictures that came before have GRACE_S to call it and be answered."""
        client = self.clients.pop(name)
        del self._status[name], self._wake[name]
        if (watcher := self._watchers.pop(name, None)) is not None:
            watcher.cancel()
        self._metrics.task_gone(name)
        leaving = asyncio.create_task(_close_later(client))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def look(self, client: TaskClient) -> TaskStatus:
        """What a task that is not taken in yet says of itself. After `start` only."""
        assert self._spec is not None  # noqa: S101 - the edge takes no request before
        return await _examine(client, TaskStatus(client.name, client.address), self._spec)

    def _begin(self, client: TaskClient, spec: TrunkSpec) -> None:
        self._watchers[client.name] = asyncio.create_task(self._watch(client, spec))

    def statuses(self) -> list[TaskStatus]:
        """Every task as it was last seen, in the order of the settings."""
        return list(self._status.values())

    def status(self, name: str) -> TaskStatus:
        """One task as it was last seen."""
        return self._status[name]

    def status_of(self, client: TaskClient) -> TaskStatus:
        """A task as it was last seen, also where it was removed or has moved since."""
        if self.clients.get(client.name) is client:
            return self._status[client.name]
        return TaskStatus(client.name, client.address)

    def doubt(self, name: str) -> None:
        """A call went otherwise than the task's state promised: ask it again now."""
        if name in self._wake:
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


async def _close_later(client: TaskClient) -> None:
    """A closed channel takes no call, not even of a picture that is in work already."""
    try:
        await asyncio.sleep(GRACE_S)
    finally:
        await client.close()


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
        if not is_line(text):
            raise CorruptFrameError(
                f"it calls itself or its trunk '{shown(text, 50)}': expected at most "
                f"{LONGEST_LINE} printable characters"
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
