"""One compose project: up, down, and a look at its containers."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

from tests.e2e.engine import ROOT

PREFIX = os.environ.get("TRUNKLINE_E2E_PROJECT", "trunkline-e2e")
TAG = "e2e"
READY_WITHIN_S = 120

Figures = dict[str, str]
"""What was measured, by name, as it is printed."""


@dataclass(frozen=True)
class Project:
    """A compose project of the repository's files, with variables of its own."""

    client: DockerClient
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ("docker-compose.yml",)

    def compose(self, *arguments: str) -> str:
        """What `docker compose ARGUMENTS` prints; its failure fails the test."""
        command = ["docker", "compose", "--project-name", self.name]
        for file in self.files:
            command += ["--file", file]
        done = subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env={**os.environ, "TRUNKLINE_TAG": TAG, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(arguments)}:\n{done.stdout[-4000:]}\n{self._logs()}")
        return done.stdout

    def up(self, *arguments: str) -> float:
        """Seconds until every service is healthy."""
        began = time.perf_counter()
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(READY_WITHIN_S), *arguments)
        return time.perf_counter() - began

    def down(self) -> None:
        """Leave nothing of this project behind but its images."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")

    def container(self, service: str) -> Container:
        """The one container of a service, as it is now."""
        labels = {"project": self.name, "service": service}
        wanted = [f"com.docker.compose.{name}={value}" for name, value in labels.items()]
        (container,) = self.client.containers.list(all=True, filters={"label": wanted})
        return container

    def _logs(self) -> str:
        command = ["docker", "compose", "--project-name", self.name, "logs", "--tail", "40"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def kill_process(client: DockerClient, container: Container) -> None:
    """`kill -9` of the process in a container, as the kernel does it when memory runs out.

    From inside, a container's first process cannot be killed; from among the host's it can.
    """
    client.containers.run(
        container.image.id,
        ["-c", f"import os; os.kill({container.attrs['State']['Pid']}, 9)"],
        entrypoint=["python"],
        user="root",
        pid_mode="host",
        network_mode="none",
        remove=True,
    )


def eventually(what: str, check: Callable[[], Any], within_s: float = 60.0) -> float:
    """Seconds until `check()` was true; fails after `within_s` with the last answer."""
    began = time.perf_counter()
    while not (answer := check()):
        assert time.perf_counter() - began < within_s, f"{what}: not in {within_s} s ({answer!r})"
        time.sleep(0.2)
    return time.perf_counter() - began


def free_port() -> int:
    """A port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
