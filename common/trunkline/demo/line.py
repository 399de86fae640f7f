"""Edge and tasks as processes of this machine, started and stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from trunkline.children import end_with_parent
from trunkline.client import EdgeClient
from trunkline.errors import ParameterError, TrunklineError, UnavailableError
from trunkline.files import make_folder

HOST = "127.0.0.1"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class LineConfig:
    """What runs where; `task_ports` maps a task's name to its port on this machine."""

    trunk: str
    set: str
    port: int = 8080
    task_ports: Mapping[str, int] = field(
        default_factory=lambda: {"classifier": 50051, "ssd": 50052}
    )
    logs: Path = Path("out/logs")

    @property
    def url(self) -> str:
        """Where the edge answers."""
        return f"http://{HOST}:{self.port}"


class Line:
    """A running line; a context manager. Each process writes to a log file of its own."""

    def __init__(self, config: LineConfig) -> None:
        self.config = config
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Line:
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            self._wait_until_ready()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask every process to drain, the edge first; kill what does not end in time."""
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        self._stack.close()

    def check(self) -> None:
        """Raise UnavailableError if one of the processes has ended."""
        for obituary in self.bury():
            raise UnavailableError(obituary)

    def bury(self) -> list[str]:
        """Forget the processes that have ended since; a line about each says how."""
        ended = {name: p for name, p in self.processes.items() if p.poll() is not None}
        for name in ended:
            del self.processes[name]
        return [self._obituary(name, process.returncode) for name, process in ended.items()]

    def _start(self) -> None:
        config = self.config
        _check_ports({"edge": config.port, **config.task_ports})
        make_folder(config.logs)
        model = ["--trunk", config.trunk, "--weights", config.set]
        for name, port in config.task_ports.items():
            listen = ["--host", HOST, "--port", str(port), "--metrics-port", "0"]
            self._spawn(name, ["task", name, *listen, *model])
        addresses = ",".join(f"{name}={HOST}:{port}" for name, port in config.task_ports.items())
        edge = ["edge", "--host", HOST, "--port", str(config.port), "--tasks", addresses, *model]
        self._spawn("edge", edge)

    def _spawn(self, name: str, arguments: list[str]) -> None:
        try:
            log = self._stack.enter_context(self._log(name).open("wb"))
        except OSError as error:
            raise TrunklineError(f"cannot write {self._log(name)}: {error.strerror}") from error
        # a session of its own: the terminal's Ctrl-C reaches this process alone, which then
        # stops the others in order
        self.processes[name] = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "trunkline.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,  # this process has no other threads
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def _wait_until_ready(self) -> None:
        client = EdgeClient(self.config.url, timeout_s=2.0)
        deadline = time.monotonic() + READY_WITHIN_S
        waiting_for = "the edge"
        while time.monotonic() < deadline:
            self.check()
            try:
                _, answer = client.get("/v1/tasks")
                states = {task["name"]: task["state"] for task in answer["tasks"]}
            except UnavailableError:
                time.sleep(0.05)
                continue
            late = [name for name, state in states.items() if state != "serving"]
            if not late:
                return
            waiting_for = ", ".join(f"{name} ({states[name]})" for name in late)
            time.sleep(0.05)
        raise UnavailableError(
            f"not ready in {READY_WITHIN_S:.0f} s: {waiting_for}; see {self.config.logs}"
        )

    def _log(self, name: str) -> Path:
        return self.config.logs / f"{name}.log"

    def _obituary(self, name: str, code: int) -> str:
        if code < 0:
            return f"{name} was ended by {signal.Signals(-code).name}"
        lines = self._log(name).read_text(errors="replace").strip().splitlines()
        # its own last line where that is an error, which is no JSON as its log lines are
        last = lines[-1] if lines and not lines[-1].startswith("{") else f"see {self._log(name)}"
        return f"{name} ended with code {code}: {last}"


def _check_ports(ports: Mapping[str, int]) -> None:
    """Raise TrunklineError unless the ports exist, differ and are free."""
    for name, port in ports.items():
        if not 1 <= port <= HIGHEST_PORT:
            raise ParameterError(f"port {port} for {name} does not exist: expected 1 to 65535")
        check_port_free(name, port)
    if len(set(ports.values())) < len(ports):
        listed = ", ".join(f"{name} {port}" for name, port in ports.items())
        raise ParameterError(f"two services on one port ({listed}): choose --port and --task-port")


def check_port_free(name: str, port: int) -> None:
    """Raise UnavailableError if somebody listens on the port already."""
    with socket.socket() as probe:
        # as the servers do it: a port in TIME_WAIT is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UnavailableError(
                f"port {port} for {name} cannot be had ({error.strerror}): "
                f"stop what listens there, or choose another with --port / --task-port"
            ) from error
