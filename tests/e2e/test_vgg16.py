"""The compose file with VGG16, which no image holds: a model store from outside is mounted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from tests.e2e.answers import BOTH_OK, statuses
from tests.e2e.compose import PREFIX, Project, free_port
from trunkline.cli import main
from trunkline.client import EdgeClient
from trunkline.demo import photographs
from trunkline.demo.expectations import disappointments

PICTURES = ("chelsea", "astronaut")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model store with VGG16 and its tails, readable by the containers' user."""
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    assert main(["weights", "build", "--trunk", "vgg16", "--set", "oxford"]) == 0
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    return tmp_path


@pytest.fixture
def with_vgg16(client: DockerClient, one_machine: Project, store: Path) -> Iterator[Project]:
    """Another project of the same images, told which trunk to serve."""
    variables = {
        "TRUNKLINE_TRUNK": "vgg16",
        "TRUNKLINE_WEIGHTS": "oxford",
        "TRUNKLINE_STORE": str(store),
        "TRUNKLINE_PORT": str(free_port()),
    }
    project = Project(client, f"{PREFIX}-vgg16", variables)
    try:
        project.down()
        project.up("--no-build")
        yield project
    finally:
        project.down()


def test_vgg16_answers_in_containers(with_vgg16: Project) -> None:
    edge = EdgeClient(f"http://127.0.0.1:{with_vgg16.variables['TRUNKLINE_PORT']}")
    answers = {name: edge.infer(photographs.read(name), {}) for name in PICTURES}
    for answer in answers.values():
        assert answer["trunk"]["name"] == "vgg16"
        assert statuses(answer) == BOTH_OK
    assert disappointments(answers) == []
