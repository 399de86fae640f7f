"""One task's process: opens the ports, serves, and drains when it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from trunkline import logs, workers
from trunkline.errors import UnavailableError
from trunkline.v1.trunkline_pb2_grpc import add_TaskServiceServicer_to_server
from trunkline.weights.store import ModelStore
from trunkline_tasks import departed
from trunkline_tasks import model as models
from trunkline_tasks.crowd import Crowd
from trunkline_tasks.door import TaskDoor
from trunkline_tasks.metrics import Metrics
from trunkline_tasks.model import Model
from trunkline_tasks.scrape import served
from trunkline_tasks.settings import TaskSettings
from trunkline_tasks.together import Job, Reply, Together
from trunkline_tasks.tolerant import Tolerant
from trunkline_tasks.work import Batching, Workshop

log = logging.getLogger(__name__)

SERVICE = "trunkline.v1.TaskService"
CONCURRENT_CALLS = 1024
"""Open calls at a time; the frames among them are limited by `max_in_work`, long before."""
CALLS_A_CONNECTION = 128
"""No single connection can take them all."""
OPEN_STREAMS = 64
"""Open calls of each method with more than one answer: InferStream, health's Watch, reflection."""
LAST_WORDS_S = 0.5
"""Time for answers to leave once the work is done; watches of health never end by themselves."""
SERVING = health_pb2.HealthCheckResponse.SERVING


@dataclass(frozen=True)
class TaskServer:
    """A serving task; `port` is the one that was opened."""

    port: int
    model: Model
    workshop: Workshop[Job, Reply]
    door: TaskDoor
    health: health_aio.HealthServicer
    grpc_server: grpc.aio.Server

    async def drain(self, seconds: float) -> None:
        """Say NOT_SERVING, refuse new work, finish what was begun within `seconds`, then stop."""
        log.info("draining", extra={"drain_s": seconds})
        try:
            # a watcher who does not read must not hold the others back for ever
            await asyncio.wait_for(self.health.enter_graceful_shutdown(), LAST_WORDS_S)
        except asyncio.TimeoutError:
            log.warning("a watcher of health does not read")
        self.workshop.close()
        self.door.close()
        if not await self.workshop.drained(seconds):
            log.warning("work was still going on when the time to drain was over")
        await self.grpc_server.stop(LAST_WORDS_S)


@asynccontextmanager
async def serving(settings: TaskSettings, store: ModelStore) -> AsyncIterator[TaskServer]:
    """A task that serves inside the `async with`, drained at its end.

    Raises UnavailableError for a port that cannot be had, WeightsError, EngineError.
    """
    started = time.perf_counter()
    metrics = Metrics(settings.name)
    departed.hush()
    async with _grpc_server(settings) as grpc_server:
        port = _open(grpc_server, settings)
        with served(workers.counted(metrics.registry), settings.host, settings.served_metrics_port):
            model = models.load(settings, store)
            model.warm_up()
            workshop = _workshop(settings, model, metrics)
            door = TaskDoor(model, workshop, metrics, settings.stream_window)
            status = health_aio.HealthServicer()
            _add_services(grpc_server, door, status)
            await status.set(settings.name, SERVING)
            await grpc_server.start()
            server = TaskServer(port, model, workshop, door, status, grpc_server)
            _log_start(server, settings, time.perf_counter() - started)
            try:
                yield server
            finally:
                await server.drain(settings.drain_s)
                workshop.shut()


def _workshop(settings: TaskSettings, model: Model, metrics: Metrics) -> Workshop[Job, Reply]:
    """The threads; frames go together only through a tail that takes several."""
    most = settings.max_batch if model.takes_batches else 1
    return Workshop(
        Together(model, metrics),
        parallel=settings.parallel,
        limit=settings.max_in_work,
        batching=Batching(most, settings.batch_delay_ms / 1e3),
        gauge=metrics.in_work,
    )


@asynccontextmanager
async def _grpc_server(settings: TaskSettings) -> AsyncIterator[grpc.aio.Server]:
    """A server that is stopped in the end, however far it came."""
    grpc_server = grpc.aio.server(
        interceptors=(Crowd(OPEN_STREAMS), Tolerant(SERVICE)),
        options=channel_options(settings.max_message_bytes),
        maximum_concurrent_rpcs=CONCURRENT_CALLS,
    )
    try:
        yield grpc_server
    finally:
        await grpc_server.stop(None)


def channel_options(max_message_bytes: int) -> list[tuple[str, int]]:
    """gRPC's options for a task's port."""
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_concurrent_streams", CALLS_A_CONNECTION),
        # coded bytes do not shrink further, and a compressed request may unpack to any size
        ("grpc.compression_enabled_algorithms_bitset", 1),
        # two tasks on one port would each get some of the calls: the second shall fail instead,
        # unless they are workers of one task
        ("grpc.so_reuseport", int(workers.share_port())),
        # edges ping to find dead connections; the default would hang up on two pings in 5 minutes
        ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        # and a dead edge must not hold streams open
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
    ]


def main(settings: TaskSettings) -> int:
    """Serve until SIGTERM or SIGINT, drain, return 0. A second signal ends the process at once."""
    logs.setup(settings.name, settings.log_level)
    if not uvloop.run(_serve(settings)):
        # Python would wait for the threads however long they take: the time to drain is over
        logging.shutdown()
        os._exit(1)
    return 0


async def _serve(settings: TaskSettings) -> bool:
    """Serve until told to stop; whether all that was begun is done."""
    async with serving(settings, ModelStore.default()) as server:
        await _told_to_stop()
    return server.workshop.idle


async def _told_to_stop() -> None:
    """Wait for the first SIGTERM or SIGINT, then give both their usual meaning back."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    await told.wait()
    for number in signals:
        loop.remove_signal_handler(number)


def _open(grpc_server: grpc.aio.Server, settings: TaskSettings) -> int:
    """Open the port before anything slow is done; UnavailableError where it cannot be had."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        port: int = grpc_server.add_insecure_port(f"{host}:{settings.port}")
    except RuntimeError as error:
        raise UnavailableError(
            f"port {host}:{settings.port} cannot be opened: it is in use or not this host's; "
            "choose another with --port or --host"
        ) from error
    return port


def _add_services(
    grpc_server: grpc.aio.Server, door: TaskDoor, status: health_aio.HealthServicer
) -> None:
    """The task's own service, health and reflection."""
    add_TaskServiceServicer_to_server(door, grpc_server)
    health_pb2_grpc.add_HealthServicer_to_server(status, grpc_server)
    names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, grpc_server)


def _log_start(server: TaskServer, settings: TaskSettings, seconds: float) -> None:
    """One line with what an operator asks first."""
    info = server.model.info
    facts = {
        "address": f"{settings.host}:{server.port}",
        "metrics_port": settings.served_metrics_port,
        "task": info.name,
        "model": info.model,
        "trunk": f"{info.trunk}/{server.model.set}",
        "accepts": info.accepts,
        "engine": settings.engine,
        "precision": settings.precision,
        "max_batch": server.workshop.batching.most,
        "start_s": round(seconds, 3),
        "pid": os.getpid(),
    }
    log.info("serving", extra=facts)
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("anyone who reaches this address may use the task: it asks for no credentials")
