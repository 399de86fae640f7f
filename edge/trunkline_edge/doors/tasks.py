"""`PUT` and `DELETE /v1/tasks/{name}`: other tasks while the edge runs, for who has the token."""

from __future__ import annotations

import hmac
import json
import logging

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from trunkline.errors import ParameterError
from trunkline.names import check_address, check_task_name
from trunkline_edge.doors.lists import task_document
from trunkline_edge.edge import Edge
from trunkline_edge.problems import Problem
from trunkline_edge.registry import REFUSED, SERVING

MOST_BYTES = 4096
"""Of a body that names an address."""

_log = logging.getLogger(__name__)


def router(edge: Edge) -> APIRouter:
    """The doors that change which tasks there are."""
    routes = APIRouter(tags=["tasks"])

    @routes.put("/v1/tasks/{name}")
    async def add(name: str, request: Request) -> Response:
        """Add a task, or give it another address: `{"address": "host:port"}`.

        It is asked what it is first: one that does not take this trunk's frames is refused.
        """
        _authorise(edge, request)
        address = await _address(name, request)
        status = await edge.add_task(name, address)
        if status.state == REFUSED:
            raise Problem(409, "task-refused", f"task {name} at {address}: {status.detail}")
        if status.state != SERVING:
            raise Problem(502, "task-unreachable", f"task {name} at {address}: {status.detail}")
        _log.info("a task was added", extra={"task": name, "address": address})
        return JSONResponse(task_document(status))

    @routes.delete("/v1/tasks/{name}")
    async def remove(name: str, request: Request) -> Response:
        """Send a task no more pictures; those under way are finished."""
        _authorise(edge, request)
        edge.refresh()
        if name not in edge.registry.names:
            there = ", ".join(edge.registry.names) or "none"
            raise Problem(404, "unknown-task", f"unknown task {name[:50]!r}: there is {there}")
        edge.remove_task(name)
        _log.info("a task was removed", extra={"task": name})
        return Response(status_code=204)

    return routes


def _authorise(edge: Edge, request: Request) -> None:
    """Problem 403 where the edge has no token, 401 where the request has not the edge's."""
    token = edge.settings.admin_token.get_secret_value()
    if not token:
        raise Problem(
            403,
            "tasks-fixed",
            "this edge's tasks cannot be changed: start it with TRUNKLINE_EDGE_ADMIN_TOKEN",
        )
    if edge.not_ready:
        raise Problem(503, "not-ready", edge.not_ready, headers={"Retry-After": "1"})
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    if kind.lower() != "bearer" or not same:
        raise Problem(
            401,
            "no-token",
            "send the edge's admin token: Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )


async def _address(name: str, request: Request) -> str:
    """The address that the body names. Problem 400 for anything else, 413 for too much of it."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Problem(413, "too-many-bytes", f"the body has more than {MOST_BYTES} bytes")
    try:
        address = json.loads(body)["address"]
        if not isinstance(address, str):
            raise TypeError(address)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Problem(400, "bad-address", 'expected a body {"address": "host:port"}') from error
    try:
        check_task_name(name)
        check_address(address)
    except ParameterError as error:
        raise Problem(400, "bad-address", f"{error}") from error
    return address
