"""The edge's process: collaborators put together, signals, start and drain."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
import uvloop

from trunkline import listening, logs, trunks, workers
from trunkline.trunks import Trunk
from trunkline_edge import default_codec, memory, stderr
from trunkline_edge.app import create_app
from trunkline_edge.edge import Edge
from trunkline_edge.parameters import Defaults
from trunkline_edge.settings import EdgeSettings

_log = logging.getLogger(__name__)


def main(settings: EdgeSettings) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a drain. Raises TrunklineError and its kin."""
    memory.return_large_blocks()
    logs.setup("edge", settings.log_level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # the edge itself says when it listens
    logging.captureWarnings(True)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises a signal again after its drain, for whoever handled it before
        signal.signal(number, lambda *_: None)
    with listen(settings.host, settings.port) as listener, stderr.without_libraries() as stream:
        logs.setup("edge", settings.log_level, stream)
        try:
            drained = uvloop.run(_run(settings, listener))
        finally:
            logs.setup("edge", settings.log_level)
    if not drained:
        # Python would wait for the threads however long they take: the time to drain is over
        logging.shutdown()
        os._exit(1)
    return 0


async def _run(settings: EdgeSettings, listener: socket.socket) -> bool:
    return await serve(EdgeServer(build(settings)), listener)


async def serve(server: EdgeServer, listener: socket.socket) -> bool:
    """Serve on a listening socket until told to stop; whether all that was begun is done.

    Raises what loading the trunk raises.
    """
    edge = server.edge
    starting = asyncio.create_task(edge.start())
    # an edge that cannot load its trunk ends, rather than answering 503 for ever
    starting.add_done_callback(server.stop_if_failed)
    _log.info("listening", extra={"url": url_of(listener)})
    try:
        await server.serve(sockets=[listener])
        if starting.done():
            starting.result()
        drained = await edge.compute.drained(server.drain_left_s)
        if not drained:
            _log.warning("a picture was still in work when the time to drain was over")
        return drained
    finally:
        starting.cancel()
        await edge.close()
        _log.info("stopped")


def build(settings: EdgeSettings, load: Callable[[], Trunk] | None = None) -> Edge:
    """The edge that the settings describe; `load` brings another trunk than they name.

    To be called within the event loop that serves. Raises ParameterError and kin for the codec.
    """
    (codec, params), note = default_codec.choose(settings.codec, settings.trunk)
    if note:
        _log.warning(note)
    defaults = Defaults(
        codec=codec,
        params=params,
        timeout_ms=settings.timeout_ms,
        max_timeout_ms=settings.max_timeout_ms,
    )
    named = partial(
        trunks.load,
        settings.trunk,
        set=settings.weights,
        engine=settings.engine,
        precision=settings.precision,
        threads=settings.threads,
    )
    return Edge(settings, defaults, load or named)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises UnavailableError where the address cannot be had."""
    listener = listening.on(host, port, shared=workers.share_port())
    # connections inherit it; asyncio sets it only on sockets made with the protocol's number, and
    # without it an answer's body waits 40 ms for the acknowledgement of its head
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a listening socket is reached by HTTP."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class EdgeServer(uvicorn.Server):
    """uvicorn that tells the edge when a drain begins."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(edge),
                http="httptools",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=edge.settings.drain_s,
            )
        )
        self.edge = edge
        self._told_to_stop: float | None = None

    @property
    def drain_left_s(self) -> float:
        """Seconds of the drain that are left, all of them before it begins."""
        begun = self._told_to_stop
        passed = 0.0 if begun is None else time.monotonic() - begun
        return max(0.0, self.edge.settings.drain_s - passed)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: take no more pictures, finish those in work."""
        self.edge.draining = True
        self._told_to_stop = self._told_to_stop or time.monotonic()
        _log.info("draining")
        super().handle_exit(sig, frame)

    def stop_if_failed(self, starting: asyncio.Task[None]) -> None:
        """End serving where the edge could not start."""
        if not starting.cancelled() and starting.exception() is not None:
            self.should_exit = True
