"""`trunkline edge` as a process: start, memory, logs, drain."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.edge_support import FakeTask, picture, wait_for

MB = 1 << 20
MOST_RSS = 450 * MB
MOST_GROWTH = 50 * MB

needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")


@dataclass
class Process:
    """A running `trunkline edge`."""

    url: str
    popen: subprocess.Popen[bytes]
    log: Path

    def rss(self) -> int:
        """Resident memory, bytes."""
        pages = Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def lines(self) -> list[dict[str, Any]]:
        """Everything it logged; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(20)


@contextmanager
def running(tmp_path: Path, *arguments: str) -> Iterator[Process]:
    """An edge on a free port, up until the block ends."""
    log = tmp_path / "edge.log"
    command = [sys.executable, "-m", "trunkline.cli", "edge", "--port", "0", *arguments]
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream) as popen:
        try:
            wait_for(lambda: b"listening" in log.read_bytes() or popen.poll() is not None, 30)
            first = json.loads(log.read_text().splitlines()[0])
            process = Process(first["url"], popen, log)
            wait_for(lambda: httpx.get(f"{process.url}/readyz").status_code == 200, 30)
            yield process
        finally:
            if popen.poll() is None:
                popen.kill()


@needs_proc
def test_serves_small_and_without_pytorch(tmp_path: Path) -> None:
    with FakeTask() as task, running(tmp_path, "--tasks", f"classifier={task.address}") as edge:
        for name in ("JPEG", "PNG", "WebP", "AVIF", "TIFF"):
            assert httpx.post(f"{edge.url}/v1/infer", content=picture(name)).status_code == 200
        headers = {"X-Request-ID": "a-picture-of-mine"}
        httpx.post(f"{edge.url}/v1/infer", content=picture(), headers=headers)
        httpx.post(f"{edge.url}/v1/infer?codec=nope", content=picture())
        assert edge.rss() < MOST_RSS
        if importlib.util.find_spec("torch") is not None:
            assert "libtorch" not in Path(f"/proc/{edge.popen.pid}/maps").read_text()
        assert edge.stop() == 0
        lines = edge.lines()
    (mine,) = [line for line in lines if line.get("request_id") == "a-picture-of-mine"]
    assert mine["status"] == 200
    assert mine["duration_ms"] > 0
    assert [line["message"] for line in lines][-1] == "stopped"


@needs_proc
def test_memory_comes_back_after_hostile_uploads(tmp_path: Path) -> None:
    with FakeTask() as task, running(tmp_path, "--tasks", f"classifier={task.address}") as edge:
        for name in ("JPEG", "PNG", "WebP"):  # what a first picture of its kind loads, stays
            assert httpx.post(f"{edge.url}/v1/infer", content=picture(name)).status_code == 200
        before = edge.rss()
        for body, status in hostile():
            answer = httpx.post(f"{edge.url}/v1/infer", content=body, timeout=20)
            assert answer.status_code == status
        wait_for(lambda: edge.rss() < before + MOST_GROWTH, 30)


def hostile() -> Iterator[tuple[bytes | Iterator[bytes], int]]:
    """Bodies that want much memory, and the status each one deserves."""
    for _ in range(3):
        yield b"x" * 21_000_000, 413
        yield iter([b"x" * 1_000_000] * 21), 413
        yield flat_png(60_000, 60_000), 413
        yield flat_png(7000, 7000), 200
        yield flat_png(7000, 7000)[:-5000], 422
        yield picture("JPEG") + bytes(15_000_000), 200


def flat_png(width: int, height: int) -> bytes:
    """A large black picture in few bytes, RGB, made without its pixels."""
    packer = zlib.compressobj(9)
    rows = 100
    block = packer.compress(bytes(rows * (1 + 3 * width))) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block + block[2:] * (min(height, 7000) // rows - 1) + b"\x03\0"
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # the check sum of the pixels is nobody's: Pillow's decoder does not ask for it
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )


def test_sigterm_lets_work_end(tmp_path: Path) -> None:
    task = FakeTask()
    task.delay_s = 1.0
    with task, running(tmp_path, "--tasks", f"classifier={task.address}") as edge:
        parts = httpx.URL(edge.url)
        request = b"POST /v1/infer HTTP/1.1\r\nHost: e\r\nContent-Length: %d\r\n\r\n"
        with socket.create_connection((parts.host, parts.port or 0), timeout=10) as client:
            client.sendall(request % len(picture()) + picture())
            wait_for(lambda: task.calls)
            edge.popen.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{edge.url}/healthz")
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert edge.popen.wait(10) == 0


def test_a_drain_ends_although_a_client_does_not(tmp_path: Path) -> None:
    with running(tmp_path, "--tasks", "", "--drain-s", "1") as edge:
        parts = httpx.URL(edge.url)
        with socket.create_connection((parts.host, parts.port or 0), timeout=10) as client:
            client.sendall(b"POST /v1/encode HTTP/1.1\r\nHost: e\r\nContent-Length: 9\r\n\r\nabc")
            time.sleep(0.2)
            assert edge.stop() == 0


def test_c_libraries_write_nothing_into_the_log(tmp_path: Path) -> None:
    broken = bytearray(picture("TIFF", compression="tiff_lzw"))
    broken[100:400] = b"\xff" * 300
    with running(tmp_path, "--tasks", "") as edge:
        for data in (bytes(broken), picture("TIFF", compression="tiff_lzw")[:-40]):
            httpx.post(f"{edge.url}/v1/encode", content=data)
        assert edge.stop() == 0
        assert edge.lines()[-1]["message"] == "stopped"


def test_a_drain_ends_although_a_worker_does_not(tmp_path: Path) -> None:
    slow = flat_png(7000, 7000)
    with running(tmp_path, "--tasks", "", "--drain-s", "0", "--parallel", "1") as edge:
        with pytest.raises(httpx.ReadTimeout):  # it takes a second
            httpx.post(f"{edge.url}/v1/encode", content=slow, timeout=0.1)
        started = time.monotonic()
        assert edge.stop() == 1
        assert time.monotonic() - started < 0.5
        assert "still in work" in edge.lines()[-2]["message"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "http"], "--port (TRUNKLINE_EDGE_PORT) is 'http'"),
        (["--tasks", "classifier"], "'classifier' is no name=host:port"),
        (["--tasks", "a=b:1,a=b:2"], "task 'a' is named twice"),
        (["--tasks", "a b=c:1"], "'a b' is no task's name: expected letters"),
        (["--tasks", "a=b:70000"], "'b:70000' is no HOST:PORT: expected"),
        (["--codec", "bpg:qp=99"], "qp is 99: expected int from 0 to 51"),
        (["--codec", "zip"], "unknown codec 'zip': expected one of "),
        (["--weights", "mine"], "trunkline weights build --"),
        (["--engine", "abacus"], "unknown engine 'abacus'"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], says: str) -> None:
    command = [sys.executable, "-m", "trunkline.cli", "edge", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("trunkline edge: ")
    assert says in last
    assert "Traceback" not in done.stderr


def test_help_lists_every_setting() -> None:
    from trunkline.flags import flag, variable
    from trunkline_edge.settings import PREFIX, EdgeSettings

    command = [sys.executable, "-m", "trunkline.cli", "edge", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = "".join(text.split())
    for name, field in EdgeSettings.model_fields.items():
        assert flag(name) in text
        assert f"({variable(PREFIX, name)},default{field.default})".replace(" ", "") in words
