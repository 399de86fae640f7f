"""What every request gets: an id, a log line, its metrics, and an answer even to our errors."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trunkline import logs
from trunkline_edge import problems
from trunkline_edge.metrics import Metrics
from trunkline_edge.upload import ClientGone

HEADER = b"x-request-id"
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
CLIENT_GONE = 499  # nginx's word for it; logged, never sent

_log = logging.getLogger(__name__)


class Observation:
    """ASGI middleware; the outermost of the edge's own."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = logs.accept_request_id(dict(scope["headers"]).get(HEADER))
        logs.request_id.set(request_id)
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except ClientGone:
            status = CLIENT_GONE
        except asyncio.CancelledError:  # the time to drain is over; the task ends here anyway
            if status == 0:
                await problems.cut_off().response()(scope, receive, send_named)
        except Exception:
            _log.exception("unexpected error")
            if status == 0:
                await problems.internal().response()(scope, receive, send_named)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", "other")  # not what the client wrote: that has no end
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(path, method, str(status)).inc()
        self._metrics.request_seconds.labels(path).observe(seconds)
        _log.log(
            logging.DEBUG if path in QUIET else logging.INFO,
            "%s %s %d",
            scope["method"],
            scope["path"],
            status,
            extra={"status": status, "duration_ms": round(seconds * 1e3, 3)},
        )
