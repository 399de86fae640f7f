"""Clients that post pictures one after the other, and how long each answer took."""

from __future__ import annotations

import http.client
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_S = 120.0

Prepare = Callable[[bytes], bytes]
"""What a camera does to a picture before it sends it."""


@dataclass(frozen=True)
class Door:
    """Where pictures are posted, and in which form."""

    url: str
    """With the query."""
    field: str = ""
    """A multipart form's field; empty where the body is the picture."""
    prepare: Prepare | None = None

    def request(self, picture: bytes) -> tuple[bytes, dict[str, str]]:
        """Body and headers."""
        sent = self.prepare(picture) if self.prepare else picture
        if not self.field:
            return sent, {"Content-Type": "application/octet-stream"}
        boundary = "trunkline-benchmark"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{self.field}"; '
            f'filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        body = head.encode() + sent + f"\r\n--{boundary}--\r\n".encode()
        return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


@dataclass(frozen=True)
class Load:
    """Clients that send when they are answered: so many calls in all, or calls for so long.

    A `patient` client that is refused waits as long as the answer tells it to, any other one asks
    again at once.
    """

    clients: int
    requests: int | None = None
    seconds: float = math.inf
    patient: bool = False


@dataclass(frozen=True)
class Call:
    """One picture's way: `status` 0 where there was no answer; `client_s` is the camera's CPU."""

    picture: int
    at_s: float
    ms: float
    status: int
    sent_bytes: int
    client_s: float
    retry_after_s: float
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Drive:
    """A run of calls and the seconds that it took."""

    calls: list[Call]
    seconds: float

    @property
    def answered(self) -> list[Call]:
        """Those that were answered well."""
        return [call for call in self.calls if call.status == http.client.OK]

    @property
    def statuses(self) -> Mapping[int, int]:
        """How often each status came."""
        found = [call.status for call in self.calls]
        return {status: found.count(status) for status in sorted(set(found))}


def drive(door: Door, pictures: Sequence[bytes], load: Load) -> Drive:
    """The calls of a load. Each client keeps one connection; pictures are taken in turn."""
    turns = itertools.count() if load.requests is None else iter(range(load.requests))
    end = time.perf_counter() + load.seconds
    lock = threading.Lock()
    calls: list[Call] = []

    def work() -> None:
        found = []
        for call in _client(door, pictures, _until(end, turns, lock)):
            found.append(call)
            if load.patient and call.retry_after_s:
                time.sleep(max(0.0, min(call.retry_after_s, end - time.perf_counter())))
        with lock:
            calls.extend(found)

    threads = [threading.Thread(target=work) for _ in range(load.clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return Drive(sorted(calls, key=lambda call: call.at_s), seconds)


def _until(end: float, turns: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    """The turns of one of the threads that share them."""
    while time.perf_counter() < end:
        with lock:
            turn = next(turns, None)
        if turn is None:
            return
        yield turn


def _client(door: Door, pictures: Sequence[bytes], turns: Iterator[int]) -> Iterator[Call]:
    parts = urlsplit(door.url)
    target = f"{parts.path}?{parts.query}"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        for turn in turns:
            index = turn % len(pictures)
            began, cpu = time.perf_counter(), time.thread_time()
            body, headers = door.request(pictures[index])
            spent = time.thread_time() - cpu
            wait = 0.0
            try:
                connection.request("POST", target, body, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read()
                wait = float(response.headers.get("Retry-After", 0))
            except (OSError, http.client.HTTPException):
                connection.close()
                status, answer = 0, b""
            ms = (time.perf_counter() - began) * 1e3
            yield Call(index, began, ms, status, len(body), spent, wait, answer)
