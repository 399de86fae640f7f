"""The demo's line as a user runs it: a process, its children, signals and ports."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from trunkline import cli
from trunkline.client import EdgeClient
from trunkline.demo import expectations, report
from trunkline.demo.line import HOST
from trunkline.errors import TrunklineError, UnavailableError

CHELSEA = (files("trunkline.demo") / "pictures" / "chelsea.jpg").read_bytes()
WAIT_S = 60.0


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that are free now."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            first = int(probe.getsockname()[1])
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind((HOST, port))
        except (OSError, OverflowError):
            continue
        return first


class Running:
    """A `trunkline` process that brings a line up, and what it has printed."""

    def __init__(self, name: str, folder: Path, *words: str) -> None:
        self.first = free_ports(3)
        self.log = folder / "printed.txt"
        self.client = EdgeClient(f"http://{HOST}:{self.first}")
        ports = ["--port", str(self.first), "--task-port", str(self.first + 1)]
        command = [sys.executable, "-m", "trunkline.cli", name, *ports, *words]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def children(self) -> dict[str, int]:
        """Process ids of the services, by the port they were given."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "--port" in words and int(folder.name) != self.process.pid:
                found[words[words.index("--port") + 1]] = int(folder.name)
        mine = {str(self.first + n): name for n, name in enumerate(("edge", "classifier", "ssd"))}
        return {mine[port]: pid for port, pid in found.items() if port in mine}


def until(condition: Callable[[], Any]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@contextmanager
def running(name: str, folder: Path, *words: str) -> Iterator[Running]:
    line = Running(name, folder, *words)
    try:
        yield line
    finally:
        line.process.kill()
        line.process.wait()
        until(lambda: not line.children())


def test_the_demo_finds_what_it_must_and_ends(tmp_path: Path) -> None:
    with running("demo", tmp_path, "--once") as demo:
        assert demo.process.wait(WAIT_S) == 0, demo.printed
        assert demo.children() == {}
    for name in ("chelsea", "astronaut", "coffee", "rocket"):
        assert f"\n{name}.jpg: " in demo.printed
        assert (tmp_path / "out" / f"{name}.annotated.png").stat().st_size > 10_000
        assert (tmp_path / "out" / f"{name}.mosaic.png").stat().st_size > 10_000
    assert re.search(r"classifier +.*cat 0\.\d\d", demo.printed)
    assert re.search(r"ssd +cat [01]\.\d\d \[", demo.printed)
    assert re.search(r"frame +\d{4} bytes \((bpg|webp)", demo.printed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_line_stays_up_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with running("up", tmp_path) as line:
        until(lambda: "until Ctrl-C" in line.printed)
        assert line.client.infer(CHELSEA, {"codec": "webp"})["complete"]
        line.process.send_signal(number)
        assert line.process.wait(WAIT_S) == 0
        assert line.printed.endswith("stopping\n")
        assert line.children() == {}


def test_an_answer_is_drawn_on_its_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Boxes are in pixels of the picture as its camera was held: here on its side."""
    sideways = tmp_path / "sideways.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to see it upright
    with Image.open(io.BytesIO(CHELSEA)) as chelsea:
        chelsea.transpose(Image.Transpose.ROTATE_90).save(sideways, exif=exif)
        size = chelsea.size
    drawn = tmp_path / "drawn.png"
    with running("up", tmp_path) as line:
        until(lambda: "until Ctrl-C" in line.printed)
        edge = ["--edge", f"http://{HOST}:{line.first}"]
        assert cli.main(["infer", str(sideways), *edge, "--annotate", str(drawn)]) == 0
    assert "cat" in capsys.readouterr().out
    with Image.open(drawn) as result, Image.open(io.BytesIO(CHELSEA)) as chelsea:
        assert result.size == size
        difference = ImageChops.difference(result, chelsea).convert("L")
    assert difference.histogram()[100:] != [0] * 156  # frames and captions


def test_a_killed_task_costs_its_own_results_only(tmp_path: Path) -> None:
    with running("up", tmp_path) as line:
        until(lambda: "until Ctrl-C" in line.printed)
        os.kill(line.children()["ssd"], signal.SIGKILL)
        until(lambda: "ssd was ended by SIGKILL" in line.printed)
        answer = line.client.infer(CHELSEA, {"codec": "webp"})
        assert answer["complete"] is False
        assert answer["tasks"]["classifier"]["status"] == "ok"
        assert answer["tasks"]["ssd"]["code"] == "UNAVAILABLE"
        os.kill(line.children()["edge"], signal.SIGKILL)
        assert line.process.wait(WAIT_S) == 1
        assert line.printed.endswith("trunkline up: edge was ended by SIGKILL\n")


def test_a_killed_parent_takes_its_services_along(tmp_path: Path) -> None:
    with running("up", tmp_path) as line:
        until(lambda: "until Ctrl-C" in line.printed)
        assert set(line.children()) == {"edge", "classifier", "ssd"}
        line.process.kill()
        until(lambda: not line.children())


@pytest.mark.parametrize("offset", [0, 2])
def test_a_port_in_use_is_one_clear_line(offset: int, tmp_path: Path) -> None:
    first = free_ports(3)
    with socket.socket() as taken:
        taken.bind((HOST, first + offset))
        taken.listen()
        words = ["--port", str(first), "--task-port", str(first + 1), "--once"]
        command = [sys.executable, "-m", "trunkline.cli", "demo", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1
    assert done.stderr.startswith(f"trunkline demo: port {first + offset} for ")
    assert "Address already in use" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with running("up", tmp_path) as line:
        assert line.process.wait(WAIT_S) == 1
        assert line.printed.startswith("trunkline up: cannot make the folder out/logs: ")
        assert line.printed.count("\n") == 1


CAT: dict[str, Any] = {
    "tasks": {
        "classifier": {"classes": [{"index": 285, "label": "Egyptian cat", "score": 0.7}]},
        "ssd": {"detections": [{"label": "cat", "score": 0.5, "box": [0, 0, 1, 1]}]},
    }
}
PERSON: dict[str, Any] = {
    "tasks": {"ssd": {"detections": [{"label": "person", "score": 0.9, "box": [0, 0, 1, 1]}]}}
}


def test_what_the_demo_expects() -> None:
    assert expectations.disappointments({"chelsea": CAT, "astronaut": PERSON}) == []
    missed = expectations.disappointments({"chelsea": PERSON, "astronaut": CAT})
    assert len(missed) == 3


@pytest.mark.parametrize("answer", ["[]", "nonsense", '{"tasks": {}}', "[" * 100_000])
def test_a_stranger_at_the_edges_address_is_told_apart(answer: str) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        serve = (
            "import socket, sys; c, _ = socket.socket(fileno=int(sys.argv[1])).accept();"
            "c.recv(1 << 20); a = sys.argv[2].encode();"
            "c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(a) + a)"
        )
        words = [sys.executable, "-c", serve, str(listener.fileno()), answer]
        with (
            subprocess.Popen(words, pass_fds=[listener.fileno()]),
            pytest.raises(TrunklineError, match="is no Trunkline edge"),
        ):
            EdgeClient(f"http://{HOST}:{port}", timeout_s=20).infer(b"x", {})


def test_an_answer_that_trickles_in_is_given_up() -> None:
    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.05)

    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=trickle, args=[listener], daemon=True).start()
        client = EdgeClient(f"http://{HOST}:{listener.getsockname()[1]}", timeout_s=0.5)
        with pytest.raises(UnavailableError, match=r"did not answer within 0\.5 s"):
            client.infer(b"x", {})


def test_an_answer_that_is_not_as_documented_is_one_clear_line() -> None:
    with pytest.raises(UnavailableError, match="not as documented"):
        report.describe({"frame": {}, "image": [], "tasks": 5, "timings_ms": None})
