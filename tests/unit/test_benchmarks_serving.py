"""What the latency and load benchmarks are made of: link, clients, processes, answers, tables."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from trunkline.errors import ParameterError, TrunklineError, UnavailableError, UnknownNameError
from trunkline_benchmarks.latency import table as latency_table
from trunkline_benchmarks.load import table as load_table
from trunkline_benchmarks.serving import measure, pictures, systems
from trunkline_benchmarks.serving.builder import Setting, free_ports, listens
from trunkline_benchmarks.serving.drive import Door, Load, drive
from trunkline_benchmarks.serving.process import Process
from trunkline_benchmarks.serving.quota import quota


class Server(ThreadingHTTPServer):
    """Answers 200 to pictures and 429 to `busy`; keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[tuple[str, bytes]] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append((self.headers["content-type"], body))
        answer = json.dumps({"timings_ms": {"trunk": float(len(body))}}).encode()
        busy = b"busy" in body
        self.send_response(429 if busy else 200)
        if busy:
            self.send_header("retry-after", "1")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/predict"


def test_clients_take_pictures_in_turn_on_connections_of_their_own(server: Server) -> None:
    run = drive(Door(url(server.port)), [b"one", b"three", b"busy"], Load(2, 9))
    assert sorted(call.picture for call in run.calls) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert dict(run.statuses) == {200: 6, 429: 3}
    assert [call.sent_bytes for call in run.calls if call.picture == 1] == [5, 5, 5]
    assert server.connections == 2
    assert 0 < max(call.ms for call in run.calls) < run.seconds * 1e3
    assert measure.stages(run) == {"trunk": 4.0}


@pytest.mark.parametrize(("patient", "asked"), [(True, range(1, 4)), (False, range(10, 10**6))])
def test_who_is_patient_waits_as_an_answer_tells(
    server: Server, patient: bool, asked: range
) -> None:
    """The server wants a second for itself."""
    run = drive(Door(url(server.port)), [b"busy"], Load(1, seconds=1.5, patient=patient))
    assert len(run.calls) in asked
    assert set(run.statuses) == {429}
    assert run.seconds >= 1.5


def test_a_form_and_what_a_camera_does_first(server: Server) -> None:
    door = Door(url(server.port), "content", lambda data: data.upper())
    drive(door, [b"picture"], Load(1, 1))
    ((kind, body),) = server.bodies
    assert kind.startswith("multipart/form-data; boundary=")
    assert b'name="content"; filename="picture.jpg"' in body
    assert b"\r\n\r\nPICTURE\r\n--" in body


def test_who_does_not_answer_counts_as_nothing() -> None:
    (port,) = free_ports(1)
    run = drive(Door(url(port)), [b"x"], Load(1, 3))
    assert dict(run.statuses) == {0: 3}
    assert run.answered == []
    assert measure.summary([]) == {}


@pytest.fixture
def uplink(server: Server, tmp_path: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    flags = ["--mbit", "1", "--delay-ms", "30", "--forward", f"{port}={server.port}"]
    command = [sys.executable, "-m", "trunkline_benchmarks.serving.uplink", *flags]
    with Process("uplink", command, tmp_path) as process:
        process.wait(lambda: listens(port))
        yield port


def test_the_uplink_takes_its_time_and_changes_nothing(server: Server, uplink: int) -> None:
    body = bytes(range(256)) * 49  # 12 544 bytes, 100 ms at 1 Mbit/s
    door = Door(url(uplink))
    drive(door, [b"warm"], Load(1, 1))
    run = drive(door, [body], Load(1, 1))
    assert server.bodies[-1][1] == body
    assert run.calls[0].ms > 100 + 2 * 30


def test_connections_share_the_uplink(uplink: int) -> None:
    began = time.perf_counter()
    drive(Door(url(uplink)), [bytes(6250)], Load(4, 4))
    assert time.perf_counter() - began > 4 * 0.05


def test_a_process_is_measured_and_ended(tmp_path: Path) -> None:
    script = "import sys, time; open(sys.argv[1], 'w').close(); x = bytearray(50_000_000)\n"
    script += "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
    script += "time.sleep(60)"
    file = tmp_path / "up"
    with Process("busy", [sys.executable, "-c", script, str(file)], tmp_path) as process:
        assert process.wait(file.exists) > 0
        while process.cpu_s < 0.3:
            time.sleep(0.02)
        assert process.memory_bytes > 50_000_000
    assert process.cpu_s == 0.0


def test_a_process_that_ends_too_soon_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no'); raise SystemExit(3)"]
    with (
        Process("sad", command, tmp_path) as process,
        pytest.raises(TrunklineError, match=r"sad does not get ready: see .*sad\.log"),
    ):
        process.wait(lambda: False)
    assert (tmp_path / "sad.log").read_text() == "no\n"


def test_a_share_of_a_core(tmp_path: Path) -> None:
    burn = "import time; end = time.monotonic() + 1\nwhile time.monotonic() < end: pass"
    try:
        with (
            quota(0.25) as group,
            Process("burn", [sys.executable, "-c", burn], tmp_path, group=group) as process,
        ):
            used = 0.0
            while process.alive:
                used = process.cpu_s or used  # nothing once it has ended
                time.sleep(0.05)
    except UnavailableError as error:
        pytest.skip(str(error))
    assert used < 0.6


@pytest.mark.parametrize("cores", [0, -1, float("nan"), 5000])
def test_a_share_that_is_none(cores: float) -> None:
    with pytest.raises(ParameterError, match="a quota of"), quota(cores):
        pass


def test_unknown_systems_and_pictures(tmp_path: Path) -> None:
    setting = Setting("mobilenet_v2", "keras-160", tmp_path)
    unknown = pytest.raises(UnknownNameError, match="unknown system 'triton'")
    with unknown, systems.started("triton:file", setting):
        pass
    with pytest.raises(ParameterError, match="expected file or 224@QUALITY"):
        systems._prepare("112@75")
    with pytest.raises(TrunklineError, match="no JPEG files below"):
        pictures.read(tmp_path, 3)


def test_a_squashed_jpeg_is_what_a_camera_may_send() -> None:
    prepare = systems._prepare("224@50")
    assert prepare is not None
    (data, *_) = pictures.read(None, 4)
    assert 2_000 < len(prepare(data)) < len(data)


def test_a_port_that_nobody_has() -> None:
    (port,) = free_ports(1)
    assert not listens(port)
    with closing(socket.create_server(("127.0.0.1", port))):
        assert listens(port)


RUN = {
    "clients": 1,
    "per_s": 20.0,
    "edge_cpu_ms": 1.0,
    "cloud_cpu_ms": 2.0,
    "sent_bytes": 3000,
    "statuses": {"200": 9, "429": 1},
    "ms": {"p50": 10.0, "p95": 20.0, "p99": 30.0},
    "stages_ms": {"trunk": 4.0},
}


def test_the_tables_of_a_latency_run() -> None:
    interval = [70.0, 80.0]
    found = {
        "loopback": [RUN],
        "uplinks": [RUN | {"mbit": 5.0, "delay_ms": 20.0}],
        "cores": [RUN | {"cores": 0.5}],
        "memory_bytes": {"edge": 1 << 20},
        "accuracy": {"classifier": {"top1": 75.0, "interval": interval}},
    }
    lines = latency_table.lines({"bare": {"trunk": [4.0, 5.0]}, "systems": {"ours": found}})
    assert "| ours | 1 | 10.0 | 20.0 | 30.0 | 20.0 | 1.0 | 2.0 | 3000 | 1 |" in lines
    assert "| p50 ms | 5 Mbit/s, 20 ms |" in lines
    assert "| p50 ms | 0.5 cores at the edge |" in lines
    assert "| ours | 75.00 | 70.00 to 80.00 |  |  |" in lines


def test_the_tables_of_a_load_run() -> None:
    result = {
        "throughput": {"ours": [RUN]},
        "crowd": {},
        "tasks": [{"tasks": 8} | RUN],
        "starts": [{"ready_s": {"edge": 1.5}, "memory_bytes": {"edge": 2 << 20}}],
    }
    lines = load_table.lines(result)
    assert "| ours | 1 | 20.0 | 10.0 | 30.0 | 1.0 | 2.0 | 200: 9, 429: 1 |" in lines
    assert "| 8 | 1.00 | 10.0 |" in lines
    assert "| edge | 1.50 | 2 |" in lines
