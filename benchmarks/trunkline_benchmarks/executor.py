"""Who does the shards: processes of this machine, or whatever else maps a function over them."""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Protocol

from trunkline.errors import ParameterError, TrunklineError
from trunkline.text import one_line
from trunkline_benchmarks.shards import Function, Row, Shard

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which numerical libraries learn how many threads they may have."""
LONGEST_WORDS = 300


Finished = Generator[tuple[Shard, list[Row]], None, None]
"""Shards with their rows; closing it ends the work."""


class Executor(Protocol):
    """Maps a function over shards."""

    def map(self, function: Function, shards: Sequence[Shard]) -> Finished:
        """Every shard with its rows, in whatever order they are finished.

        Raises TrunklineError, with the shard's key, for the first one that fails.
        """


class Processes:
    """`jobs` processes of this machine, each started anew and kept to one thread by libraries.

    A process at a time does one shard, so that a death is put down to its shard.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ParameterError(f"jobs is {jobs}: expected 1 or more")
        self.jobs = jobs

    def map(self, function: Function, shards: Sequence[Shard]) -> Finished:
        """See `Executor`; the processes end with the iteration, however that ends."""
        waiting = deque(shards)
        workers: list[_Worker] = []
        try:
            for _ in range(min(self.jobs, len(shards))):
                workers.append(_Worker(function))
                workers[-1].give(waiting.popleft())
            busy = {worker.connection: worker for worker in workers}
            while busy:
                for ready in wait(list(busy)):
                    worker = busy[ready]  # type: ignore[index]
                    finished = worker.take()
                    if waiting:
                        worker.give(waiting.popleft())
                    else:
                        del busy[worker.connection]
                    yield finished
        finally:
            for worker in workers:
                worker.end()


class _Worker:
    """One process and the shard that it does. Shards and rows travel as JSON."""

    def __init__(self, function: Function) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        # a daemon ends with this process; its end of the pipe tells it after a kill -9
        self._process = context.Process(target=_serve, args=(function, theirs), daemon=True)
        with _starting():
            self._process.start()
        theirs.close()
        self._shard = Shard("", {})

    def give(self, shard: Shard) -> None:
        """Have the idle process do a shard."""
        self._shard = shard
        try:
            self.connection.send_bytes(json.dumps([shard.key, dict(shard.work)]).encode())
        except OSError as error:
            raise self._death() from error

    def take(self) -> tuple[Shard, list[Row]]:
        """What the process made of its shard."""
        try:
            rows, problem = json.loads(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._death() from error
        if problem:
            raise TrunklineError(f"{self._shard.key}: {problem}")
        return self._shard, rows

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()

    def _death(self) -> TrunklineError:
        self._process.join()
        code = self._process.exitcode or 0
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return TrunklineError(
            f"{self._shard.key}: its process died {how}: out of memory, or a library's fault? "
            "What was finished is kept: the same command goes on, with fewer jobs where memory "
            "is short"
        )


@contextmanager
def _starting() -> Iterator[None]:
    """While a process starts: what it inherits of the environment and of the signals.

    The libraries' variables are read when they are imported, which is before any code of ours
    runs there. Ctrl-C reaches every process of a terminal; it is for this one alone to answer.
    """
    resource_tracker.ensure_running()  # else the start does, and lets the signal in again
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(function: Function, connection: Connection[bytes, bytes]) -> None:
    """The process: do shards until there is nobody to send more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        while True:
            key, work = json.loads(connection.recv_bytes())
            connection.send_bytes(_answer(function, Shard(key, work)))
    except (EOFError, OSError):
        return


def _end_with_parent() -> None:
    """Nobody waits for the shard of a process whose parent was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(function: Function, shard: Shard) -> bytes:
    """Rows and no problem, or no rows and what went wrong, as JSON."""
    try:
        return json.dumps([function(shard), ""], allow_nan=False).encode()
    except TrunklineError as error:
        problem = str(error)
    except Exception as error:  # of whatever kind: it has to reach the one who waits
        frame = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
    return json.dumps([None, one_line(problem, LONGEST_WORDS)]).encode()
