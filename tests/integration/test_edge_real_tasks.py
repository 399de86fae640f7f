"""The released bundle from end to end: real edge, real tasks, a real photograph, a real kill."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx

from tests.integration.edge_support import Loop, wait_for
from tests.integration.test_edge_failures import states
from trunkline_edge import server

CHELSEA = (files("trunkline.demo") / "pictures" / "chelsea.jpg").read_bytes()


def free_port() -> int:
    with server.listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def task(name: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`trunkline task NAME` until the block ends."""
    words = ["task", name, "--port", str(port), "--metrics-port", "0", "--threads", "1"]
    command = [sys.executable, "-m", "trunkline.cli", *words]
    with log.open("ab") as stream, subprocess.Popen(command, stderr=stream) as process:
        try:
            yield process
        finally:
            process.kill()


def infer(url: str) -> dict[str, Any]:
    response = httpx.post(f"{url}/v1/infer", content=CHELSEA, timeout=20)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def test_a_cat_a_kill_and_a_recovery(loop: Loop, tmp_path: Path) -> None:
    ports = {"classifier": free_port(), "ssd": free_port()}
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(task(name, port, tmp_path / f"{name}.log"))
            for name, port in ports.items()
        }
        url = stack.enter_context(loop.edge(tasks=addresses))
        wait_for(lambda: set(states(url).values()) == {"serving"}, 60)
        answer = infer(url)
        assert answer["complete"] is True
        assert any(
            281 <= found["index"] <= 285 for found in answer["tasks"]["classifier"]["classes"]
        )
        (cat, *_) = answer["tasks"]["ssd"]["detections"]
        assert (cat["label"], cat["score"] >= 0.5) == ("cat", True)
        x1, y1, x2, y2 = cat["box"]
        assert 0 <= x1 < x2 <= answer["image"]["width"]
        assert 0 <= y1 < y2 <= answer["image"]["height"]
        assert answer["request_id"] in (tmp_path / "ssd.log").read_text()

        processes["ssd"].send_signal(signal.SIGKILL)
        processes["ssd"].wait()
        partial = infer(url)
        assert partial["complete"] is False
        assert partial["tasks"]["classifier"]["status"] == "ok"
        assert partial["tasks"]["ssd"]["code"] == "UNAVAILABLE"

        stack.enter_context(task("ssd", ports["ssd"], tmp_path / "ssd2.log"))
        wait_for(lambda: re.search("listening|serving", (tmp_path / "ssd2.log").read_text()), 60)
        assert wait_for(lambda: infer(url)["complete"], 30) < 10
