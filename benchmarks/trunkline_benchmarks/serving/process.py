"""A server that is measured: started, watched, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

from trunkline.errors import TrunklineError
from trunkline.files import make_folder

READY_WITHIN_S = 90.0
STOP_WITHIN_S = 10.0
POLL_S = 0.02


class Process:
    """A command and all that it starts; a context manager that ends them."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        logs: Path,
        *,
        environment: Mapping[str, str] | None = None,
        group: Path | None = None,
    ) -> None:
        """`group` is the control group's file that takes process ids; see `quota`."""
        self.name = name
        self.log = logs / f"{name}.log"
        make_folder(logs)
        self.started = time.perf_counter()
        with self.log.open("wb") as log:
            self._popen = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                preexec_fn=None if group is None else lambda: _join(group),
            )
        self._process = psutil.Process(self._popen.pid)

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self, ready: Callable[[], bool]) -> float:
        """Seconds from the start until `ready` says so. Raises TrunklineError where it never is."""
        while time.perf_counter() - self.started < READY_WITHIN_S:
            if not self.alive:
                break
            if ready():
                return time.perf_counter() - self.started
            time.sleep(POLL_S)
        raise TrunklineError(f"{self.name} does not get ready: see {self.log}")

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU that it and its children have used, those that have ended too."""
        total = 0.0
        for process in self._family():
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        return total

    @property
    def memory_bytes(self) -> int:
        """Proportional set size of it and its children: what they share counts once."""
        return sum(process.memory_full_info().pss for process in self._family())

    def stop(self) -> None:
        """Ask it to end, then make it; its children with it."""
        family = self._family()
        if self.alive:
            self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for process in family:
            if process.is_running() and process.pid != self._popen.pid:
                process.kill()

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _join(group: Path) -> None:
    """In the new process, before it becomes the command."""
    group.write_text(str(os.getpid()))
