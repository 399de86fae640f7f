"""How a system's processes are started, and what every system of a run has in common."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from trunkline.engines import DEFAULT_ENGINE
from trunkline_benchmarks.serving.drive import Door
from trunkline_benchmarks.serving.process import Process
from trunkline_benchmarks.serving.quota import quota

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Setting:
    """What every system of a run has in common."""

    trunk: str
    set: str
    logs: Path
    engine: str = DEFAULT_ENGINE
    """Of ours."""
    precision: str = "f32"
    """Of ours."""
    threads: int = 0
    parallel: int = 2
    least_score: float = 0.3
    uplink: tuple[float, float] | None = None
    """Mbit/s and delay in milliseconds each way, between edge and cloud."""
    edge_cores: float | None = None
    """The share of a core that everything on the edge's side has; None for no limit."""
    refuses: bool = False
    """Whether our edge refuses at once what others wait for; see its `--max-wait-s`."""

    def behind(self, mbit: float, delay_ms: float) -> Setting:
        """The same with edge and cloud apart."""
        return replace(self, uplink=(mbit, delay_ms))

    def within(self, cores: float) -> Setting:
        """The same on a small edge."""
        return replace(self, edge_cores=cores)

    def refusing(self) -> Setting:
        """The same without waiting for a place."""
        return replace(self, refuses=True)

    def scoring(self, least: float) -> Setting:
        """The same with detections down to this score."""
        return replace(self, least_score=least)

    @property
    def words(self) -> str:
        """What is special about it."""
        link = "" if self.uplink is None else "{:g} Mbit/s, {:g} ms each way".format(*self.uplink)
        share = "" if self.edge_cores is None else f"{self.edge_cores:g} cores at the edge"
        return ", ".join(filter(None, (link, share))) or "loopback"


@dataclass
class Running:
    """A system that answers: its processes by where they run."""

    door: Door
    edge: list[Process] = field(default_factory=list)
    cloud: list[Process] = field(default_factory=list)
    ready_s: dict[str, float] = field(default_factory=dict)


class Builder:
    """Starts one system's processes; they end with `stack`."""

    def __init__(self, setting: Setting, stack: ExitStack) -> None:
        self.setting = setting
        self._stack = stack
        self._running = Running(Door(""))
        cores = setting.edge_cores
        self._group = None if cores is None else stack.enter_context(quota(cores))

    def edge(self, name: str, module: str, *arguments: str) -> int:
        """Start a server at the edge that answers HTTP; its port."""
        process, port = self._start(name, module, arguments, self._group)
        self._running.edge.append(process)
        return port

    def cloud(self, name: str, module: str, *arguments: str) -> int:
        """Start a server in the cloud; its port."""
        process, port = self._start(name, module, arguments, None)
        self._running.cloud.append(process)
        return port

    def far(self, *ports: int) -> list[int]:
        """Where the edge reaches these ports of the cloud: behind the uplink, if there is one."""
        if self.setting.uplink is None:
            return list(ports)
        mbit, delay = self.setting.uplink
        here = free_ports(len(ports))
        pairs = [f"{near}={far}" for near, far in zip(here, ports, strict=True)]
        link = ["--mbit", str(mbit), "--delay-ms", str(delay), "--forward", *pairs]
        module = "trunkline_benchmarks.serving.uplink"
        process = self._process("uplink", module, link, None)
        process.wait(lambda: all(listens(port) for port in here))
        return here

    def running(self, door: Door) -> Running:
        """The system, whose pictures go through `door`."""
        self._running.door = door
        return self._running

    def _start(
        self, name: str, module: str, arguments: Sequence[str], group: Path | None
    ) -> tuple[Process, int]:
        (port,) = free_ports(1)
        process = self._process(name, module, [*arguments, "--port", str(port)], group)
        self._running.ready_s[name] = process.wait(lambda: listens(port))
        return process, port

    def _process(
        self, name: str, module: str, arguments: Sequence[str], group: Path | None
    ) -> Process:
        command = [sys.executable, "-m", module, *arguments]
        return self._stack.enter_context(Process(name, command, self.setting.logs, group=group))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def listens(port: int) -> bool:
    """Whether anybody does."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
