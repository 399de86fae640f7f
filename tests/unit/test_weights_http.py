"""Downloads by URL, against servers on this machine."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from trunkline.errors import WeightsError
from trunkline.weights.http import NpmPackage, UrlFile
from trunkline.weights.sources import resolve

CONTENT = bytes(range(256)) * 40_000  # 10 MB: several steps
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT at /models, and ways to fail elsewhere."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        folder = self.path.split("/")[1]
        if folder == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        body = {"short": CONTENT[:1000], "wrong": CONTENT[::-1]}.get(folder, CONTENT)
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    return tmp_path / "downloads"


def test_a_file_is_fetched_with_progress(server: str, home: Path) -> None:
    said: list[str] = []
    source = UrlFile(NAME, f"{server}/models/")
    assert resolve([source], said.append) == (source, home / NAME)
    assert (home / NAME).read_bytes() == CONTENT
    assert said[0] == f"fetching {server}/models/{NAME}"
    assert said[-1] == "10.2 of 10.2 MB"


def test_a_mirror_is_named_by_the_environment(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_TORCHVISION_URL", f"{server}/mirror")
    resolve([UrlFile(NAME)], print)
    assert Handler.paths[-1] == f"/mirror/{NAME}"


def test_an_npm_archive_is_fetched_whole(
    server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_NPM_URL", f"{server}/npm/")
    source = NpmPackage("a-package", "1.2.3", hashlib.sha256(CONTENT).hexdigest())
    assert resolve([source], print) == (source, home / "a-package-1.2.3.tgz")
    assert (home / "a-package-1.2.3.tgz").read_bytes() == CONTENT
    assert Handler.paths[-1] == "/npm/a-package/-/a-package-1.2.3.tgz"


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("missing", "cannot be had: Not Found"),
        ("short", "1000 of 10240000 bytes"),
        ("wrong", "has changed"),
    ],
)
def test_a_bad_answer_leaves_nothing(server: str, home: Path, folder: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        resolve([UrlFile(NAME, f"{server}/{folder}")], print)
    assert list(home.iterdir()) == []


def test_a_silent_host_is_given_up_and_the_rest_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = UrlFile(NAME, f"http://127.0.0.1:{silent.getsockname()[1]}", 0.3)
        start = time.monotonic()
        with pytest.raises(WeightsError) as caught:
            resolve([source], print)
        assert time.monotonic() - start < 3
    released = "or use mobilenet_v2/keras-160, which comes with trunkline"
    for part in ("did not answer in 0.3 s", "TRUNKLINE_WEIGHTS_DIR=FOLDER", str(home), released):
        assert part in str(caught.value)


def test_the_time_limit_is_5_seconds_unless_said() -> None:
    assert UrlFile(NAME).connect_timeout_s == 5.0
