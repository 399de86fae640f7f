"""Several processes of one command that share a port, replaced when they die.

For services, whose extras bring Prometheus's client. The kernel spreads connections over the
sockets that are bound to a port with SO_REUSEPORT (socket(7)); a connection stays with its process.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import FrameType

from prometheus_client import CollectorRegistry, multiprocess

from trunkline import listening
from trunkline.children import end_with_parent
from trunkline.errors import ParameterError

SHARED = "TRUNKLINE_SHARED_PORT"
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client lets processes count together; read by it when it is imported."""
EARLY_S = 5.0
"""A process that dies so soon after its start would die again: its settings are wrong."""
FAILED = 1

_log = logging.getLogger(__name__)


def share_port() -> bool:
    """Whether this process is one of several, so that its sockets must share their ports."""
    return os.environ.get(SHARED) == "1"


def run(count: int, host: str, port: int, command: Sequence[str]) -> int:
    """Run `count` processes of `command`, trunkline's own arguments, until SIGTERM or SIGINT.

    0 after a drain of all; the exit code of one that cannot start. Raises ParameterError for
    port 0, UnavailableError for one that somebody has.
    """
    if not port:
        raise ParameterError("several workers need a port that is named: say --port")
    # a process with SO_REUSEPORT would join a stranger of the same kind in silence
    listening.on(host, port).close()
    with tempfile.TemporaryDirectory(prefix="trunkline-counters-") as folder:
        environment = {**os.environ, SHARED: "1", COUNTERS: folder}
        return _Crew([sys.executable, "-m", "trunkline.cli", *command], environment).run(count)


def counted(own: CollectorRegistry) -> CollectorRegistry:
    """What is told to Prometheus: this process's counters, or those of all that share its port."""
    if not share_port():
        return own
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


class _Crew:
    """The processes; the signals that end this one are handed on to them."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._members: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._stopping = False
        self._code = 0

    def run(self, count: int) -> int:
        """Until every process has ended and none is to come after it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(count):
            self._start()
        while self._members:
            pid, status = os.waitpid(-1, 0)
            member = self._members.pop(pid, None)
            if member is not None:
                self._ended(pid, os.waitstatus_to_exitcode(status), member[1])
        return self._code

    def _start(self) -> None:
        if self._stopping:
            return
        process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            env=self._environment,
            start_new_session=True,  # the terminal's Ctrl-C reaches this process alone
            preexec_fn=end_with_parent,  # this process has no other threads
        )
        self._members[process.pid] = (process, time.monotonic())
        if self._stopping:  # the signal came while the process was being made
            self._stop(signal.SIGTERM, None)

    def _ended(self, pid: int, code: int, started: float) -> None:
        # what a dead process counted stays; what it held does not
        forget = multiprocess.mark_process_dead
        forget(pid, self._environment[COUNTERS])  # type: ignore[no-untyped-call]
        if self._stopping:
            self._code = self._code or max(code, 0)
        elif time.monotonic() - started < EARLY_S:
            self._code = code if code > 0 else FAILED
            self._stop(signal.SIGTERM, None)
        else:
            _log.error("a worker has died: another takes its place", extra={"code": code})
            self._start()

    def _stop(self, number: int, _: FrameType | None) -> None:
        """Hand a signal on; the second one ends a process at once, as it would without workers."""
        self._stopping = True
        for pid in self._members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
