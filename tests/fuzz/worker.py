"""One process that undoes mutants, limited and measured by the operating system.

A mutant that takes too much processor time ends the process by SIGPROF, one that waits for ever by
SIGALRM: the kernel's timers reach code that holds Python's lock.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz import judge as rules
from tests.fuzz import reach, seeds
from tests.fuzz.judge import Verdict
from tests.fuzz.mutants import Maker
from trunkline.types import Frame

BASE_BYTES, BYTES_PER_ELEMENT = 24 << 20, 64
"""What a frame may take while it is undone: the libraries' own tables and buffers, and all copies
of its samples (three float64 copies of the tensor, three colours twice, a decoder's own)."""
ADDRESS_SPACE = 4 << 30
"""Bytes beyond what a process has once its libraries are loaded: the hard stop."""
STUCK_S = 30.0
"""Seconds of the clock: a process that waits for ever uses no processor."""
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""Fixed, or what glibc keeps for later would hide what is taken next."""


@dataclass(frozen=True)
class Order:
    """What a worker is to do. `target` names the judge, `module:function`."""

    seed: int
    ids: tuple[str, ...]
    target: str = "tests.fuzz.judge:judge"
    cpu_s: float = 1.0
    shared: bool = True


@dataclass(frozen=True)
class Measured:
    """One mutant's verdict, with what it took: milliseconds, bytes at the peak.

    `resident` is what the process has afterwards: it grows where a library keeps what it took.
    """

    index: int
    codec: str
    verdict: Verdict
    reached: bool
    cpu_ms: float
    peak: int
    resident: int


def main(pipe: Connection, order: Order, log: Path) -> None:
    """Undo ranges of mutants, or frames themselves, until the other side closes.

    `log` takes what is written to standard output and error.
    """
    _silence(log)
    counter = reach.install()
    corpus = seeds.load(order.ids, shared=order.shared)
    bench = Bench(order, counter, Maker(corpus, order.seed))
    for group in corpus.values():
        for seed in group:
            bench.warm_up(seed.data)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _bytes(Path("/proc/self/status").read_bytes(), b"VmSize") + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        if isinstance(task, range):
            for index in task:
                pipe.send(bench.mutant(index))
        else:
            pipe.send(bench.measure(-1, "", task))


class Bench:
    """Where a mutant is undone and measured."""

    def __init__(self, order: Order, counter: reach.Counter, maker: Maker) -> None:
        module, name = order.target.split(":")
        self._judge: Callable[[bytes | Frame], Verdict] = getattr(import_module(module), name)
        self._order, self._counter, self._maker = order, counter, maker
        self._status = os.open("/proc/self/status", os.O_RDONLY)
        self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY)

    def warm_up(self, data: bytes) -> None:
        """Load what a first frame loads."""
        rules.judge(data)

    def mutant(self, index: int) -> Measured:
        """Mutant number `index`."""
        made = self._maker.make(index)
        return self.measure(index, made.codec, made.frame)

    def measure(self, index: int, codec: str, frame: bytes | Frame) -> Measured:
        """Judge one frame under the timers."""
        self._counter.calls = 0
        said = os.fstat(1).st_size
        os.write(self._reset, b"5")  # the peak begins anew (proc_pid_clear_refs(5))
        before, _ = self._resident()
        began = _cpu_s()
        signal.setitimer(signal.ITIMER_PROF, self._order.cpu_s)
        signal.setitimer(signal.ITIMER_REAL, STUCK_S)
        verdict = self._judge(frame)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        cpu_ms = (_cpu_s() - began) * 1e3
        after, highest = self._resident()
        peak = highest - before
        verdict = _bounded(verdict, peak, os.fstat(1).st_size - said)
        return Measured(index, codec, verdict, self._counter.calls > 0, cpu_ms, peak, after)

    def _resident(self) -> tuple[int, int]:
        """Bytes of memory that the process has, and had at most since the peak began anew.

        `ru_maxrss` would count what the parent had before this process became another program.
        """
        lines = os.pread(self._status, 4096, 0)
        return _bytes(lines, b"VmRSS"), _bytes(lines, b"VmHWM")


def _cpu_s() -> float:
    """Seconds of all threads. `time.process_time` counts in ticks where a timer has been set."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _bounded(verdict: Verdict, peak: int, said: int) -> Verdict:
    """The verdict, or what is worse than it."""
    if verdict.outcome not in rules.ALLOWED:
        return verdict
    if said:
        return Verdict(rules.OUTPUT, f"{said} bytes on standard output or error", verdict.elements)
    allowed = BASE_BYTES + BYTES_PER_ELEMENT * verdict.elements
    if peak > allowed:
        words = f"{peak >> 20} MB for {verdict.elements} values, {allowed >> 20} MB allowed"
        return Verdict(rules.MEMORY, words, verdict.elements)
    return verdict


def _silence(log: Path) -> None:
    """Standard output and error become a file that can be looked at, whoever writes."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _bytes(status: bytes, name: bytes) -> int:
    """A size out of /proc/self/status."""
    at = status.index(name) + len(name) + 1
    return int(status[at : status.index(b"kB", at)]) * 1024
