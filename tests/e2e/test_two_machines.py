"""Tasks on one machine, the edge on another: two projects that share no network but the host's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker import DockerClient

from tests.e2e.answers import BOTH_OK, statuses
from tests.e2e.compose import PREFIX, Project, free_port
from trunkline.client import EdgeClient
from trunkline.demo import photographs


@pytest.fixture
def host(one_machine: Project) -> str:
    """An address of this host that containers of any project reach, and that is no loopback."""
    (network,) = one_machine.container("edge").attrs["NetworkSettings"]["Networks"].values()
    gateway: str = network["Gateway"]
    return gateway


@pytest.fixture
def cloud(client: DockerClient, host: str) -> Iterator[Project]:
    """The tasks, published; the images are there already."""
    variables = {
        "TRUNKLINE_TASK_BIND": host,
        "TRUNKLINE_CLASSIFIER_PORT": str(free_port()),
        "TRUNKLINE_SSD_PORT": str(free_port()),
    }
    files = ("docker-compose.yml", "deploy/tasks.compose.yml")
    project = Project(client, f"{PREFIX}-cloud", variables, files)
    try:
        project.down()
        project.up("classifier", "ssd")
        yield project
    finally:
        project.down()


@pytest.fixture
def far_edge(client: DockerClient, cloud: Project, host: str) -> Iterator[Project]:
    """The edge, told where the tasks are."""
    ports = cloud.variables
    variables = {
        "TRUNKLINE_EDGE_TASKS": (
            f"classifier={host}:{ports['TRUNKLINE_CLASSIFIER_PORT']},"
            f"ssd={host}:{ports['TRUNKLINE_SSD_PORT']}"
        ),
        "TRUNKLINE_PORT": str(free_port()),
    }
    project = Project(client, f"{PREFIX}-edge", variables)
    try:
        project.down()
        project.up("--no-deps", "edge")
        yield project
    finally:
        project.down()


def test_an_edge_far_from_its_tasks(cloud: Project, far_edge: Project) -> None:
    """Each project runs its own services only, and the picture crosses from one to the other."""
    services = {
        project.name: set(project.compose("ps", "--services").split())
        for project in (cloud, far_edge)
    }
    assert services == {cloud.name: {"classifier", "ssd"}, far_edge.name: {"edge"}}
    edge = EdgeClient(f"http://127.0.0.1:{far_edge.variables['TRUNKLINE_PORT']}")
    answer = edge.infer(photographs.read("chelsea"), {})
    assert answer["complete"], answer["tasks"]
    assert statuses(answer) == BOTH_OK
