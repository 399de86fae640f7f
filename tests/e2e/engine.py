"""A container engine for the tests: the one that runs, or one that the shared scripts bring."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_IMAGE = "python:3.11-slim-bookworm"


@contextmanager
def running_engine() -> Iterator[None]:
    """An engine that answers, with `docker compose` and the base image; stopped if started here."""
    scripts = shared() / "engine"
    started = False
    if not succeeds("docker", "version"):
        if not (scripts / "setup-engine.sh").is_file():
            pytest.skip(f"no container engine answers, and {scripts} has no script that brings one")
        if os.geteuid() != 0:
            pytest.skip("no container engine answers, and only root can start one")
        call("bash", str(scripts / "setup-engine.sh"), "start")
        started = True
    try:
        if not succeeds("docker", "compose", "version"):
            pytest.skip("the container engine has no compose plugin")
        _bring_base_image(scripts)
        yield
    finally:
        if started:
            call("bash", str(scripts / "setup-engine.sh"), "stop")


def shared() -> Path:
    """The folder of things that are no part of the project; it may be absent."""
    return Path(os.environ.get("TRUNKLINE_SHARED", ROOT.parent / "shared")).resolve()


def call(*command: str) -> None:
    """Run a command; its output is shown where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-4000:]}"


def succeeds(*command: str) -> bool:
    """Whether a command is there and gives 0 within a minute."""
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _bring_base_image(scripts: Path) -> None:
    """The public image where a registry answers, else the local stand-in of the same name."""
    if succeeds("docker", "image", "inspect", BASE_IMAGE):
        return
    if not succeeds("docker", "pull", "--quiet", BASE_IMAGE):
        script = scripts / "make-base-image.sh"
        if not script.is_file():
            pytest.skip(f"{BASE_IMAGE} cannot be pulled, and {script} does not exist")
        call("bash", str(script), BASE_IMAGE)
