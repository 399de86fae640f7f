"""The FastAPI application around one edge."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from trunkline_edge import problems
from trunkline_edge.doors import lists, operations, pictures, tasks
from trunkline_edge.edge import Edge
from trunkline_edge.linger import Linger
from trunkline_edge.observation import Observation


def create_app(edge: Edge) -> FastAPI:
    """Every door of `edge`, whose start and close are the caller's."""
    app = FastAPI(
        title="Trunkline edge",
        version=version("trunkline"),
        description="One picture in, what any number of cloud tasks see in it out.",
        redirect_slashes=False,
    )
    problems.install(app)
    for door in (pictures, lists, tasks, operations):
        app.include_router(door.router(edge))
    app.add_middleware(Linger)
    app.add_middleware(Observation, metrics=edge.metrics)  # the last one added is the outermost
    return app
