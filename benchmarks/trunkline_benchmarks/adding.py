"""From a folder of pictures to the first answer of its task, while others ask the edge.

    python -m trunkline_benchmarks.adding --images DIR [--method transfer] [--json F.json]

Edge and two tasks are processes of this machine. Requests come in at a steady rate all the while:
what matters is that none fails, and that the edge is not started again.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from trunkline import files
from trunkline.client import EdgeClient
from trunkline.demo import photographs
from trunkline.demo.line import HOST, Line, LineConfig
from trunkline.errors import TrunklineError
from trunkline_benchmarks import machine

NAME = "added"
RATE_HZ = 5.0
WITHIN_S = 60.0
"""In which a started process has to serve."""
QUERY = {"codec": "webp", "quality": 80}


class Load:
    """Requests at a steady rate, each in a thread of its own, until it is stopped."""

    def __init__(self, client: EdgeClient, rate_hz: float) -> None:
        self._client, self._every_s = client, 1 / rate_hz
        self._stop = threading.Event()
        self._pictures = [photographs.read(name) for name in photographs.NAMES]
        self._threads: list[threading.Thread] = []
        self.samples: list[dict[str, Any]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask until the block ends; then wait for the answers that are under way."""
        asking = threading.Thread(target=self._ask_on)
        asking.start()
        try:
            yield
        finally:
            self._stop.set()
            asking.join()
            for thread in self._threads:
                thread.join()

    def _ask_on(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            thread = threading.Thread(target=self._ask, args=(len(self._threads),))
            self._threads.append(thread)
            thread.start()
            due += self._every_s

    def _ask(self, number: int) -> None:
        start = time.monotonic()
        sample: dict[str, Any] = {"at_s": start, "error": ""}
        try:
            answer = self._client.infer(self._pictures[number % len(self._pictures)], QUERY)
            sample["complete"] = answer["complete"]
            sample["tasks"] = sorted(answer["tasks"])
        except TrunklineError as error:
            sample["error"] = str(error)
        self.samples.append({**sample, "ms": 1000 * (time.monotonic() - start)})


def main(argv: Sequence[str]) -> int:
    """Run it once; the times and what became of the requests."""
    flags = argparse.ArgumentParser("trunkline_benchmarks.adding", description=__doc__)
    flags.add_argument("--images", type=Path, required=True, help="one folder a class")
    flags.add_argument("--method", default="transfer")
    flags.add_argument("--preset", default="", help="of task new")
    flags.add_argument("--rate", type=float, default=RATE_HZ, help="requests a second")
    flags.add_argument("--port", type=int, default=18090)
    flags.add_argument("--json", type=Path, help="where the samples go")
    arguments = flags.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments, Path(folder))
    print("\n".join(lines(found)))
    if arguments.json:
        files.write_bytes(arguments.json, (json.dumps(found, indent=1) + "\n").encode())
    return 0 if not found["failed"] else 1


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Times in seconds since the command, and the requests meanwhile."""
    port: int = arguments.port
    os.environ["TRUNKLINE_EDGE_ADMIN_TOKEN"] = secrets.token_hex()
    os.environ["TRUNKLINE_EDGE_TASKS_FILE"] = str(folder / "tasks.json")
    ports = {"classifier": port + 1, "ssd": port + 2}
    times: dict[str, float] = {}
    with Line(LineConfig("mobilenet_v2", "keras-160", port, ports, folder / "logs")) as line:
        edge, load = line.processes["edge"].pid, Load(EdgeClient(line.config.url), arguments.rate)
        with load.running():
            start = time.monotonic()
            task = str(folder / NAME)
            words = ["new", NAME, "--images", str(arguments.images), "--method", arguments.method]
            words += ["--preset", arguments.preset] if arguments.preset else []
            _task([*words, "--output", task])
            times["made_s"] = time.monotonic() - start
            with _serving(task, port + 3):
                add = ["add", NAME, f"{HOST}:{port + 3}", "--edge", line.config.url]
                _until(lambda: _task(add), "the task serves")
                times["added_s"] = time.monotonic() - start
                _until(lambda: _answered(load), "the task answers")
                times["answered_s"] = time.monotonic() - start
                _task(["remove", NAME, "--edge", line.config.url])
        same = line.processes["edge"].pid == edge and line.processes["edge"].poll() is None
    samples = [{**it, "at_s": it["at_s"] - start} for it in load.samples]
    failed = [it for it in samples if it["error"] or not it["complete"]]
    pictures = sum(path.is_file() for path in arguments.images.rglob("*"))
    return {
        "machine": machine.describe(),
        "pictures": pictures,
        "method": arguments.method,
        **times,
        "edge_restarted": not same,
        "requests": len(samples),
        "failed": len(failed),
        "samples": samples,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """In words."""
    waited = [it["ms"] for it in found["samples"]]
    return [
        f"{found['pictures']} pictures, {found['method']}: made and tried after "
        f"{found['made_s']:.0f} s, added after {found['added_s']:.1f} s, first answer after "
        f"{found['answered_s']:.1f} s",
        f"{found['requests']} requests meanwhile, {found['failed']} failed, median "
        f"{median(waited):.0f} ms, slowest {max(waited):.0f} ms; edge started again: "
        f"{'yes' if found['edge_restarted'] else 'no'}",
    ]


def _task(words: Sequence[str]) -> None:
    """Run `trunkline task ...`. Raises CalledProcessError."""
    command = [sys.executable, "-m", "trunkline.cli", "task", *words]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own


@contextmanager
def _serving(folder: str, port: int) -> Iterator[None]:
    listen = ["--host", HOST, "--port", str(port), "--metrics-port", "0"]
    command = [sys.executable, "-m", "trunkline.cli", "task", "serve", folder, *listen]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield
        finally:
            process.terminate()


def _answered(load: Load) -> None:
    if not any(NAME in it.get("tasks", ()) for it in load.samples[-5:]):
        raise TrunklineError("not yet")


def _until(work: Callable[[], None], what: str) -> None:
    """Repeat what fails until it does not. Raises RuntimeError where that takes too long."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return work()
        except (TrunklineError, subprocess.CalledProcessError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not within {WITHIN_S:g} s") from error
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
