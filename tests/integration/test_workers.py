"""Several processes on one port, of an edge and of a task."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import task_kit as kit
from tests.integration.edge_support import FAST, FakeTask, picture, wait_for

PICTURES = 12

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@contextmanager
def service(
    log: Path, *arguments: str, home: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`trunkline ARGUMENTS`, killed at the end if it still runs."""
    environment = {**os.environ, **({} if home is None else {"TRUNKLINE_HOME": str(home)})}
    command = [sys.executable, "-m", "trunkline.cli", *arguments]
    with (
        log.open("wb") as stream,
        subprocess.Popen(command, stderr=stream, env=environment) as popen,
    ):
        try:
            yield popen
        finally:
            popen.kill()


@contextmanager
def edge(tmp_path: Path, task: FakeTask) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """An edge of two workers, both of them ready."""
    port, log = kit.free_port(), tmp_path / "edge.log"
    flags = ("--port", str(port), "--workers", "2", "--tasks", f"classifier={task.address}")
    with service(log, "edge", *flags) as popen:
        wait_for(lambda: log.read_bytes().count(b"is serving") == 2, 30)
        yield f"http://127.0.0.1:{port}", popen


def children(pid: int) -> list[int]:
    """The processes that it has started and that still run."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def counted(url: str, series: str) -> float:
    """The value of one series."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", httpx.get(f"{url}/metrics").text, re.M)
    return float(found[1]) if found else 0.0


@needs_proc
def test_an_edge_counts_over_its_workers_and_drains(tmp_path: Path) -> None:
    series = 'trunkline_requests_total{method="POST",path="/v1/infer",status="200"}'
    with FakeTask() as task, edge(tmp_path, task) as (url, popen):
        members = children(popen.pid)
        assert len(members) == 2
        for _ in range(PICTURES):  # each on a connection of its own
            answer = httpx.post(f"{url}/v1/infer?{FAST}", content=picture())
            assert answer.json()["complete"] is True
        for _ in range(4):
            assert counted(url, series) == PICTURES, "one worker's counters alone"
        assert counted(url, "trunkline_in_work") == 0
        assert counted(url, 'trunkline_task_state{state="serving",task="classifier"}') == 1
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(20) == 0
        assert all(gone(pid) for pid in members)


@needs_proc
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with FakeTask() as task, edge(tmp_path, task) as (url, popen):
        first = set(children(popen.pid))
        wait_for(lambda: _age_s(popen.pid) > 6, 20)  # younger ones are taken to be misconfigured
        os.kill(min(first), signal.SIGKILL)
        wait_for(lambda: len(children(popen.pid)) == 2 and set(children(popen.pid)) != first, 10)
        log = tmp_path / "edge.log"
        wait_for(lambda: log.read_bytes().count(b"is serving") == 3, 30)
        for _ in range(4):
            assert httpx.post(f"{url}/v1/infer?{FAST}", content=picture()).status_code == 200


@needs_proc
def test_workers_end_with_who_started_them(tmp_path: Path) -> None:
    with FakeTask() as task, edge(tmp_path, task) as (_, popen):
        members = children(popen.pid)
        popen.kill()
        wait_for(lambda: all(gone(pid) for pid in members), 20)


@needs_proc
def test_workers_that_are_stopped_while_they_start(tmp_path: Path) -> None:
    flags = ("--port", str(kit.free_port()), "--workers", "16", "--tasks", "")
    with service(tmp_path / "edge.log", "edge", *flags) as popen:
        wait_for(lambda: children(popen.pid), 20)
        members = children(popen.pid)
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(20) == 0
        assert all(gone(pid) for pid in members)


@needs_proc
def test_a_task_with_workers(tmp_path: Path) -> None:
    home, log, port = tmp_path / "home", tmp_path / "task.log", kit.free_port()
    kit.make_store(home / "models")
    flags = ("--port", str(port), "--weights", "tiny", "--threads", "1", "--workers", "2")
    with service(log, "task", "classifier", *flags, home=home) as popen:
        wait_for(lambda: log.read_bytes().count(b'"serving"') == 2, 30)
        _ask(port)
        text = httpx.get(f"http://127.0.0.1:{port + 1000}/metrics").text
        assert f'trunkline_requests_total{{code="OK",task="classifier"}} {PICTURES}.0' in text
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(20) == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "0"), "several workers need a port that is named"),
        (("--port", "PORT", "--trunk", "resnet"), "resnet"),
        (("--port", "TAKEN"), "cannot listen on"),
    ],
)
def test_workers_that_cannot_start(tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    with FakeTask() as task:
        ports = {"PORT": str(kit.free_port()), "TAKEN": str(task.port)}
        log = tmp_path / "edge.log"
        chosen = [ports.get(flag, flag) for flag in flags]
        with service(log, "edge", "--workers", "2", *chosen) as popen:
            assert popen.wait(30) == 1
        assert words in log.read_text()


def _ask(port: int) -> None:
    """PICTURES frames, each on a connection of its own."""
    import asyncio

    async def ask() -> None:
        for _ in range(PICTURES):
            async with kit.dial(port) as channel:
                await kit.infer(channel, kit.frame())

    asyncio.run(ask())


def _age_s(pid: int) -> float:
    """Seconds since a process was started."""
    started = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - started / os.sysconf("SC_CLK_TCK")
