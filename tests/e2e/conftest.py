"""The engine, the images and the figures that the end-to-end tests share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from tests.e2e.compose import PREFIX, Figures, Project, free_port
from tests.e2e.engine import running_engine

ADMIN_TOKEN = "end-to-end"
FIGURES = pytest.StashKey[Figures]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are `e2e`: `make e2e` runs them, `make test` does not."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def client() -> Iterator[DockerClient]:
    """A client of an engine that answers."""
    with running_engine():
        client = docker.from_env()
        yield client
        client.close()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    """What was measured on the way, printed at the end."""
    return pytestconfig.stash.setdefault(FIGURES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    figures = terminalreporter.config.stash.get(FIGURES, {})
    if figures:
        terminalreporter.section("measured end to end")
    for name, figure in figures.items():
        terminalreporter.line(f"{name:<34} {figure}")


@pytest.fixture(scope="session")
def one_machine(client: DockerClient, figures: Figures) -> Iterator[Project]:
    """The compose file as it is, built and brought up; taken down at the end."""
    port = int(os.environ.get("TRUNKLINE_E2E_PORT", "0")) or free_port()
    variables = {"TRUNKLINE_PORT": str(port), "TRUNKLINE_EDGE_ADMIN_TOKEN": ADMIN_TOKEN}
    project = Project(client, PREFIX, variables)
    project.down()
    began = time.perf_counter()
    project.compose("build")
    figures["images built in"] = f"{time.perf_counter() - began:.1f} s"
    try:
        figures["first up, until healthy"] = f"{project.up():.1f} s"
        figures["build and first up"] = f"{time.perf_counter() - began:.1f} s"
        yield project
    finally:
        project.down()
