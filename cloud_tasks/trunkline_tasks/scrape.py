"""The HTTP port where Prometheus reads a task's counters: few threads, and none held for long.

The library's own server has a thread for each connection as long as that lasts, so that idle ones
would use up the threads the container allows.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import MetricsHandler

from trunkline import workers
from trunkline.errors import UnavailableError

MOST_CONNECTIONS = 8
PATIENCE_S = 5.0
"""A connection that says nothing and takes nothing for so long is closed."""


class Server(ThreadingMixIn, TCPServer):
    """Answers at most MOST_CONNECTIONS at a time: a new one takes the place of the oldest."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: dict[Any, None] = {}  # in the order of their coming
        handler = type("Handler", (MetricsHandler,), {"registry": registry, "timeout": PATIENCE_S})
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        """Workers of one task share this port too: each of them tells what all have counted."""
        if workers.share_port():
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Begin a thread for a connection, when there is a place."""
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                _hang_up(next(iter(self._open)))
        self._places.acquire()
        with self._lock:
            self._open[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread is to be had; the server closes the connection
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A connection's thread, whose place is free in the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Close a connection; it is hung up on no more."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing of a client that left: its trace would stand between the log's lines."""


def _hang_up(connection: socket.socket) -> None:
    """Wake the thread that reads or writes; the thread closes."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the client was quicker
        return


@contextmanager
def served(registry: CollectorRegistry, host: str, port: int | None) -> Iterator[None]:
    """Answer /metrics at `host:port` meanwhile; not at all where `port` is None.

    Raises UnavailableError where the port cannot be had.
    """
    if port is None:
        yield
        return
    try:
        server = Server(host, port, registry)
    except OSError as error:
        raise UnavailableError(
            f"metrics port {host}:{port} cannot be opened ({error.strerror}): "
            "choose another with --metrics-port (0 for none)"
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
