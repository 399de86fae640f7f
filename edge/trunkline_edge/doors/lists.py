"""`GET /v1/tasks`, `/v1/trunks`, `/v1/codecs`: what this edge has."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from trunkline import codecs
from trunkline_edge import answer
from trunkline_edge.edge import Edge
from trunkline_edge.registry import TaskStatus

LISTED = ("id", "kind", "lossy", "parameters", "available", "extra")


def router(edge: Edge) -> APIRouter:
    """The doors that list."""
    routes = APIRouter(tags=["lists"])

    @routes.get("/v1/tasks")
    async def tasks() -> Response:
        """The tasks of this edge, as they were last seen."""
        return JSONResponse({"tasks": task_documents(edge)})

    @routes.get("/v1/trunks")
    async def trunks() -> Response:
        """The trunk that this edge runs; empty until it is loaded."""
        trunk = edge.compute.trunk
        found = [] if trunk is None else [trunk]
        documents = [answer.trunk_document(t.spec, t.engine, t.precision) for t in found]
        return JSONResponse({"trunks": documents})

    @routes.get("/v1/codecs")
    async def codec_table() -> Response:
        """Every codec, its parameters, and whether it is installed here."""
        rows = [dataclasses.asdict(info) for info in codecs.table()]
        return JSONResponse({"codecs": [{name: row[name] for name in LISTED} for row in rows]})

    return routes


def task_documents(edge: Edge) -> list[dict[str, Any]]:
    """Every task with its state, and with why where that is not `serving`."""
    edge.refresh()
    return [task_document(status) for status in edge.registry.statuses()]


def task_document(status: TaskStatus) -> dict[str, Any]:
    info = status.info
    document = {
        "name": status.name,
        "model": info.model if info else None,
        "trunk": info.trunk if info else None,
        "accepts": list(info.accepts) if info else [],
        "labels": info.labels if info else None,
        "address": status.address,
        "state": status.state,
    }
    return document | ({"detail": status.detail} if status.detail else {})
