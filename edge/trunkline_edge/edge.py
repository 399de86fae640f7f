"""The edge itself: what happens to a picture, whatever protocol brought it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from trunkline import codecs, wire
from trunkline.errors import TrunklineError
from trunkline.trunks import Trunk
from trunkline.types import InferRequest
from trunkline_edge.admission import Admission
from trunkline_edge.compute import Compute, Packed
from trunkline_edge.fanout import Fanout, TaskAnswer
from trunkline_edge.metrics import Metrics
from trunkline_edge.parameters import Defaults, Wishes
from trunkline_edge.registry import SERVING, Registry, TaskStatus
from trunkline_edge.settings import EdgeSettings
from trunkline_edge.task_client import TaskClient
from trunkline_edge.task_list import TaskList

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inference:
    """One picture's frame, what the tasks made of it, and the milliseconds of every stage."""

    packed: Packed
    wire_bytes: int
    answers: list[TaskAnswer]
    timings_ms: dict[str, float]


class Edge:
    """One trunk and the tasks behind it. Made, started and closed within one event loop."""

    def __init__(
        self, settings: EdgeSettings, defaults: Defaults, load: Callable[[], Trunk]
    ) -> None:
        """`load` makes the trunk; it is called once, in a worker thread, by `start`."""
        self.settings = settings
        self.defaults = defaults
        self.metrics = Metrics()
        self.admission = Admission(
            settings.max_in_work, settings.max_bytes, settings.max_wait_s, self.metrics
        )
        self.compute = Compute(
            load,
            parallel=settings.parallel,
            max_pixels=settings.max_pixels,
            abandoned=self.admission.keep,
        )
        self._tasks = TaskList(settings.tasks, settings.tasks_path)
        clients = [TaskClient(name, address) for name, address in self._tasks.read().items()]
        self.registry = Registry(clients, self.metrics)
        self._fanout = Fanout(self.registry, self.metrics)
        self.draining = False

    async def start(self) -> None:
        """Load the trunk, then begin to ask the tasks. Raises what loading raises."""
        codec = codecs.as_feature(codecs.get(self.defaults.codec, **self.defaults.params))
        trunk = await self.compute.start(codec)
        self.registry.start(trunk.spec)

    async def close(self) -> None:
        """Let go of tasks and workers."""
        await self.registry.close()
        self.compute.close()

    def refresh(self) -> None:
        """Take up what another process of this edge has changed of the tasks."""
        if not self._tasks.changed():
            return
        try:
            wanted = self._tasks.read()
        except TrunklineError:
            _log.exception("the tasks stay as they are")
            return
        for name in set(self.registry.names) - set(wanted):
            self.registry.drop(name)
        for name, address in wanted.items():
            client = self.registry.clients.get(name)
            if client is None or client.address != address:
                self.registry.put(TaskClient(name, address))

    async def add_task(self, name: str, address: str) -> TaskStatus:
        """Ask a task what it is and, where it serves this trunk, send it the next picture too.

        Gives its state; with any other than SERVING nothing has changed. Raises TrunklineError
        where the change cannot be kept.
        """
        client = TaskClient(name, address)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(client.close)
            status = await self.registry.look(client)
            if status.state == SERVING:
                self._tasks.put(name, address)
                self.registry.put(client, status)
                undo.pop_all()
        return status

    def remove_task(self, name: str) -> None:
        """Send a task no more pictures. Raises TrunklineError where that cannot be kept."""
        self._tasks.remove(name)
        self.refresh()

    @property
    def not_ready(self) -> str:
        """Why no picture is taken, or nothing.

        Tasks do not count: an answer without them is what partial results are for.
        """
        if self.draining:
            return "the edge is shutting down"
        return "" if self.compute.trunk is not None else "the trunk is still being loaded"

    async def pack(self, data: bytes, wishes: Wishes) -> Packed:
        """The frame of a picture. Raises ImageError and kin, ParameterError."""
        packed = await self.compute.pack(data, wishes.codec)
        self.metrics.stages(packed.timings_ms)
        self.metrics.payload_bytes.labels(packed.frame.codec).observe(len(packed.frame.payload))
        return packed

    async def infer(self, data: bytes, wishes: Wishes) -> Inference:
        """The frame of a picture and what the wished tasks make of it.

        Raises ImageError and kin, ParameterError, TrunklineError where there is no task at all.
        """
        started = time.perf_counter()
        # held from here on: a task that is removed meanwhile still answers this picture
        tasks = self.registry.clients
        clients = [tasks[name] for name in wishes.tasks if name in tasks]
        if not clients:
            raise TrunklineError("this edge has no tasks")
        packed = await self.pack(data, wishes)
        request = wire.request_to_bytes(
            InferRequest(packed.frame, top_k=wishes.top_k, score_threshold=wishes.score_threshold)
        )
        self.metrics.wire_bytes.observe(len(request))
        sent = time.perf_counter()
        answers = await self._fanout.infer(clients, request, wishes.timeout_s)
        done = time.perf_counter()
        last = {"fanout": (done - sent) * 1e3, "total": (done - started) * 1e3}
        self.metrics.stages(last)
        return Inference(packed, len(request), answers, packed.timings_ms | last)
