"""`trunkline task` as a process of its own: start, signals, kill and restart, its size."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests import task_kit as kit
from trunkline import codecs, pipeline, trunks
from trunkline_tasks import probe

RSS_MB = 450
READY_S = 3.0

# the same command, with a tail that takes a second for each frame
SLOW = """
import sys, threading, time
from trunkline.engines.onnxruntime import OnnxRuntimeNetwork as Network
plain = Network.run
def run(self, batch):
    if threading.current_thread() is not threading.main_thread():  # where the tail is tried
        time.sleep(1.0)
    return plain(self, batch)
Network.run = run
from trunkline.cli import main
sys.exit(main())
"""


@contextmanager
def process(home: Path, *arguments: str, script: str = "") -> Iterator[subprocess.Popen[str]]:
    """A `trunkline task` on the models in `home`, killed at the end if it still runs."""
    start = ["-c", script] if script else ["-m", "trunkline.cli"]
    environment = {**os.environ, "TRUNKLINE_HOME": str(home)}
    running = subprocess.Popen(
        [sys.executable, *start, "task", *arguments],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


@asynccontextmanager
async def channel_to(port: int, name: str = "classifier") -> AsyncIterator[grpc.aio.Channel]:
    """A channel once the task serves."""
    async with kit.dial(port, ("grpc.max_reconnect_backoff_ms", 200)) as channel:
        await serving(channel, name)
        yield channel


async def serving(channel: grpc.aio.Channel, name: str = "classifier") -> None:
    """Wait until the task says SERVING."""
    for _ in range(400):
        try:
            if await kit.health(channel, name) == "SERVING":
                return
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.05)
    raise AssertionError("the task did not come up")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A TRUNKLINE_HOME with tiny tails."""
    kit.make_store(tmp_path / "models")
    return tmp_path


@pytest.mark.parametrize("name", ["classifier", "ssd"])
async def test_ready_soon_small_and_without_torch(tmp_path: Path, name: str) -> None:
    """The released tails: the store in `tmp_path` is empty."""
    released = trunks.load("mobilenet_v2", threads=1).spec
    values = np.random.default_rng(1).normal(0, 2, released.shape).astype(np.float32)
    port = kit.free_port()
    with process(tmp_path, name, "--port", str(port)) as task:
        async with channel_to(port, name) as channel:
            assert probe.main([str(port)]) == 0
            # of the processor: other work on the machine must not fail the test
            assert cpu_s(task.pid) < READY_S
            for codec in ("raw", "png", "webp"):
                frame = pipeline.pack(values, released, codecs.get(codec), image_size=(200, 100))
                answers = [await kit.infer(channel, frame) for _ in range(4)]
                assert {answer.model for answer in answers} != {""}
        assert "torch" not in proc(task.pid, "maps")
        assert resident_mb(task.pid) <= RSS_MB


async def test_sigterm_finishes_what_was_begun(home: Path) -> None:
    port = kit.free_port()
    arguments = ("classifier", "--weights", "tiny", "--port", str(port), "--metrics-port", "0")
    with process(home, *arguments, script=SLOW) as task:
        async with channel_to(port) as channel:
            begun = asyncio.create_task(kit.infer(channel, kit.frame(5)))
            await asyncio.sleep(0.3)
            task.send_signal(signal.SIGTERM)
            assert (await begun).model == "tiny classifier"
        _, log = await asyncio.to_thread(task.communicate, timeout=10)
    assert task.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    messages = [line["message"] for line in lines]
    assert messages == ["serving", "draining", "infer"]
    assert lines[0]["address"] == f"127.0.0.1:{port}"
    assert lines[2]["code"] == "OK"


async def test_work_that_takes_too_long_does_not_keep_the_process(home: Path) -> None:
    port = kit.free_port()
    arguments = ("classifier", "--weights", "tiny", "--port", str(port), "--drain-s", "0.2")
    with process(home, *arguments, script=SLOW.replace("1.0", "2.0")) as task:
        async with channel_to(port) as channel:
            begun = asyncio.create_task(kit.refusal(channel, kit.frame()))
            await asyncio.sleep(0.3)
            asked = time.monotonic()
            task.send_signal(signal.SIGTERM)
            assert (await begun)[0] in ("UNAVAILABLE", "CANCELLED")
            assert await asyncio.to_thread(task.wait, 10) == 1
            assert time.monotonic() - asked < 1.6


async def test_ctrl_c_ends_an_idle_task_at_once(home: Path) -> None:
    port = kit.free_port()
    with process(home, "ssd", "--weights", "tiny", "--port", str(port)) as task:
        async with channel_to(port, "ssd"):
            task.send_signal(signal.SIGINT)
            asked = time.monotonic()
            assert await asyncio.to_thread(task.wait, 10) == 0
            assert time.monotonic() - asked < 5


async def test_killed_and_started_again_serves_the_same_channel(home: Path) -> None:
    port = kit.free_port()
    arguments = ("classifier", "--weights", "tiny", "--port", str(port), "--metrics-port", "0")
    with process(home, *arguments) as first:
        async with channel_to(port) as channel:
            await kit.infer(channel, kit.frame())
            first.kill()
            first.wait()
            assert (await kit.refusal(channel, kit.frame()))[0] == "UNAVAILABLE"
            with process(home, *arguments):
                await serving(channel)
                await kit.infer(channel, kit.frame())


async def test_a_taken_port_is_said_in_one_line(home: Path) -> None:
    port = kit.free_port()
    arguments = ("classifier", "--weights", "tiny", "--port", str(port), "--metrics-port", "0")
    with process(home, *arguments):
        async with channel_to(port):
            with process(home, *arguments) as second:
                _, text = await asyncio.to_thread(second.communicate, timeout=20)
    assert second.returncode == 1
    assert text.count("\n") == 1, text
    assert f"127.0.0.1:{port} cannot be opened" in text


def proc(pid: int, name: str) -> str:
    """What the system says of a process."""
    return Path(f"/proc/{pid}/{name}").read_text()


def resident_mb(pid: int) -> float:
    """The resident memory of a process, MB."""
    line = next(line for line in proc(pid, "status").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


def cpu_s(pid: int) -> float:
    """Processor time of a process and its threads so far, seconds."""
    fields = proc(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
