"""Edges on real ports, tasks behind real gRPC: what the edge's tests share."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import grpc
import httpx
import numpy as np
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from PIL import Image

from trunkline import trunks, wire
from trunkline.trunks import Trunk
from trunkline.types import Classification, ClassScore, InferRequest, InferResult, Result, TaskInfo
from trunkline.v1.trunkline_pb2_grpc import (
    TaskServiceServicer,
    add_TaskServiceServicer_to_server,
)
from trunkline_edge import server, settings

CAT = Classification((ClassScore(281, "tabby", 0.75), ClassScore(285, "Egyptian cat", 0.125)))


@cache
def trunk() -> Trunk:
    """The released trunk, loaded once for all tests."""
    return trunks.load("mobilenet_v2", threads=1)


def info(name: str = "classifier", **changes: Any) -> TaskInfo:
    """What a task that goes with `trunk` says of itself."""
    spec = trunk().spec
    fields: dict[str, Any] = {
        "name": name,
        "model": f"{name} for tests",
        "trunk": spec.name,
        "cut": spec.cut,
        "shape": spec.shape,
        "accepts": (spec.digest,),
        "labels": 1000,
    }
    return TaskInfo(**(fields | changes))


@cache
def picture(name: str = "JPEG", size: tuple[int, int] = (320, 240), **options: Any) -> bytes:
    """A synthetic picture file."""
    height, width = size[1], size[0]
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    pixels[height // 4 : height // 2, width // 4 : width // 2] = (240, 240, 30)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, name, **options)
    return buffer.getvalue()


FAST = "codec=raw"
"""For tests that are not about codecs."""


class FakeTask(TaskServiceServicer):  # type: ignore[misc]
    """A task on a loopback port whose behaviour a test chooses, also while it runs."""

    def __init__(self, described: TaskInfo | None = None, result: Result = CAT) -> None:
        self.info = described or info()
        self.result = result
        self.error: tuple[grpc.StatusCode, str] | None = None
        self.delay_s = 0.0
        self.fail_first = 0
        self.calls = 0
        self.requests: list[InferRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.health = health.HealthServicer()
        self.port = 0
        self.host = "127.0.0.1"
        self._released = threading.Event()
        self._server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self) -> FakeTask:
        """Listen; on the port of last time where there was one."""
        self._released.clear()
        options = (("grpc.so_reuseport", 0),)
        self._server = grpc.server(ThreadPoolExecutor(8), options=options)
        add_TaskServiceServicer_to_server(self, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        self.serve()
        self.port = self._server.add_insecure_port(self.address)
        self._server.start()
        return self

    def serve(self, serving: bool = True) -> None:
        """What the task's health says."""
        status = health_pb2.HealthCheckResponse
        self.health.set(self.info.name, status.SERVING if serving else status.NOT_SERVING)

    def stop(self) -> None:
        """Break every call and go."""
        self._released.set()
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def __enter__(self) -> FakeTask:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def Infer(self, request: Any, context: Any) -> Any:
        self.calls += 1
        self.metadata.append(dict(context.invocation_metadata()))
        self.requests.append(wire.request_from_message(request))
        self._released.wait(self.delay_s)
        if self.calls <= self.fail_first:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        if self.error is not None:
            context.abort(*self.error)
        answer = InferResult(self.result, self.info.model, {"tail": 1.5})
        return wire.response_to_message(answer)

    def GetTask(self, request: Any, context: Any) -> Any:
        return wire.task_to_message(self.info)


class Loop:
    """One event loop in a thread, on which every edge of a test module runs.

    One, because gRPC's asyncio layer polls for one loop a process well and for several badly.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    @contextmanager
    def edge(
        self, *tasks: FakeTask, load: Callable[[], Trunk] = trunk, **given: Any
    ) -> Iterator[str]:
        """A ready edge in front of `tasks`; gives its URL."""
        names = {task.info.name: task.address for task in tasks}
        chosen = settings.read(
            {"tasks": names, "host": "127.0.0.1", "port": 0, "drain_s": 1} | given
        )
        listener = server.listen(chosen.host, chosen.port)
        running = self._call(self._build(chosen, load)).result()
        serving = self._call(server.serve(running, listener))
        try:
            self._wait(lambda: not running.edge.not_ready or serving.done())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            running.should_exit = True
            serving.result(10)
            listener.close()

    async def _build(
        self, chosen: settings.EdgeSettings, load: Callable[[], Trunk]
    ) -> server.EdgeServer:
        return server.EdgeServer(server.build(chosen, load))

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def _wait(self, condition: Callable[[], bool]) -> None:
        wait_for(condition, 20)


def wait_for(condition: Callable[[], object], timeout_s: float = 5.0) -> float:
    """Wait until `condition` holds; gives the seconds it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > timeout_s:
            raise AssertionError(f"still waiting after {timeout_s} s")
        time.sleep(0.02)
    return time.monotonic() - started


def infer(url: str, query: str = "") -> httpx.Response:
    return httpx.post(f"{url}/v1/infer?{FAST}{query}", content=picture(), timeout=20)


def states(url: str) -> dict[str, str]:
    return {task["name"]: task["state"] for task in httpx.get(f"{url}/v1/tasks").json()["tasks"]}
