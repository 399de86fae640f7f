"""The processes that undo mutants, watched from one that survives them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.fuzz import judge as rules
from tests.fuzz import worker
from tests.fuzz.judge import Verdict
from tests.fuzz.worker import Measured, Order
from trunkline.types import Frame

BATCH = 200
_CONTEXT = multiprocessing.get_context("spawn")


class _Worker:
    """One process and the mutants that it has still to undo."""

    def __init__(self, order: Order, log: Path) -> None:
        self.pipe: Connection
        self.todo: range = range(0)
        self._order, self._log = order, log
        self._start()

    def _start(self) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        kept = {name: os.environ.get(name) for name in worker.MALLOC}
        os.environ.update(worker.MALLOC)
        try:
            self.process = _CONTEXT.Process(
                target=worker.main, args=(theirs, self._order, self._log), daemon=True
            )
            self.process.start()
        finally:
            for name, value in kept.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        theirs.close()

    def give(self, todo: range) -> None:
        """Hand a batch out."""
        self.todo = todo
        self.pipe.send(todo)

    def take(self) -> Measured:
        """The next mutant's result; a dead process is one too, and is replaced."""
        try:
            measured: Measured = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            measured = Measured(self.todo.start, "", self._death(), True, 0.0, 0, 0)
            self._start()
            self.todo = self.todo[1:]
            if self.todo:
                self.pipe.send(self.todo)
            return measured
        self.todo = self.todo[1:]
        return measured

    def ask(self, frame: bytes | Frame) -> Measured:
        """One frame's result."""
        self.todo = range(1)
        self.pipe.send(frame)
        try:
            measured: Measured = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return Measured(-1, "", self._death(), True, 0.0, 0, 0)
        return measured

    def _death(self) -> Verdict:
        self.process.join()
        code = self.process.exitcode or 0
        said = self._log.read_text(errors="replace")[-500:]
        if -code == signal.SIGPROF:
            return Verdict(rules.HANG, f"over {self._order.cpu_s} s of the processor")
        if -code == signal.SIGALRM:
            return Verdict(rules.HANG, f"over {worker.STUCK_S} s of the clock")
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return Verdict(rules.CRASH, f"{name} {said}".strip())

    def close(self) -> None:
        """End the process."""
        self.pipe.close()
        self.process.join(5)
        self.process.kill()


class Crew:
    """`jobs` workers, until `close`."""

    def __init__(self, order: Order, jobs: int = 1) -> None:
        handle, name = tempfile.mkstemp(prefix="trunkline-fuzz-", suffix=".log")
        os.close(handle)
        self._log = Path(name)
        self._workers = [_Worker(order, self._log) for _ in range(jobs)]

    def close(self) -> None:
        """End the processes."""
        for each in self._workers:
            each.close()
        self._log.unlink()

    @property
    def said(self) -> str:
        """What the workers wrote on standard output and error, the end of it."""
        return self._log.read_text(errors="replace")[-2000:]

    def undo(self, mutants: range, until: float = float("inf")) -> Iterator[Measured]:
        """Every mutant's result, in no order; none is begun after `until` (time.monotonic)."""
        batches = (mutants[at : at + BATCH] for at in range(0, len(mutants), BATCH))
        following = next(batches, None)
        busy: dict[Connection, _Worker] = {}
        idle = list(self._workers)
        while True:
            while idle and following and time.monotonic() < until:
                free = idle.pop()
                free.give(following)
                following = next(batches, None)
                busy[free.pipe] = free
            if not busy:
                return
            for pipe in wait(list(busy)):
                each = busy.pop(pipe)  # type: ignore[call-overload]
                yield each.take()
                if each.todo:
                    busy[each.pipe] = each
                else:
                    idle.append(each)

    def ask(self, frame: bytes | Frame) -> Measured:
        """One frame's result."""
        return self._workers[0].ask(frame)
