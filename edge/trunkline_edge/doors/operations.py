"""Health, readiness, metrics, and the way to the documentation."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from trunkline_edge.doors.lists import task_documents
from trunkline_edge.edge import Edge
from trunkline_edge.problems import Problem


def router(edge: Edge) -> APIRouter:
    """The doors for those who run the edge."""
    routes = APIRouter(tags=["operations"])

    @routes.head("/healthz", include_in_schema=False)
    @routes.get("/healthz")
    async def healthz() -> Response:
        """200 for as long as the process answers at all."""
        return JSONResponse({"status": "ok"})

    @routes.head("/readyz", include_in_schema=False)
    @routes.get("/readyz")
    async def readyz() -> Response:
        """200 once the trunk is loaded and until the edge shuts down; tasks are only listed."""
        tasks = task_documents(edge)
        if edge.not_ready:
            raise Problem(503, "not-ready", edge.not_ready, tasks=tasks)
        return JSONResponse({"status": "ready", "tasks": tasks})

    @routes.get("/metrics")
    async def metrics() -> Response:
        """Prometheus's text format."""
        return Response(edge.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    @routes.head("/", include_in_schema=False)
    @routes.get("/", include_in_schema=False)
    async def root() -> Response:
        """To the documentation."""
        return RedirectResponse("/docs")

    return routes
