"""An edge with too much to do, one that is not ready yet, and one that cannot be."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.integration.edge_support import (
    FAST,
    FakeTask,
    Loop,
    infer,
    picture,
    trunk,
    wait_for,
)
from trunkline.errors import UnavailableError, WeightsError
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_edge import admission, server


@dataclass
class Gated:
    """The trunk, but it waits for a gate to open."""

    gate: threading.Event

    def __getattr__(self, name: str) -> Any:
        return getattr(trunk(), name)

    def forward(self, batch: Tensor) -> Tensor:
        self.gate.wait(10)
        return trunk().forward(batch)


def gated(gate: threading.Event) -> Trunk:
    stand_in: Any = Gated(gate)
    return stand_in  # type: ignore[no-any-return]


@contextmanager
def standing(
    loop: Loop, *tasks: FakeTask, max_in_work: int = 1, parallel: int = 1, **given: Any
) -> Iterator[tuple[str, threading.Event]]:
    """An edge whose trunk stands still until the gate is opened; its URL, and the gate."""
    gate = threading.Event()
    gate.set()
    given |= {"max_in_work": max_in_work, "parallel": parallel}
    with loop.edge(*tasks, load=lambda: gated(gate), **given) as url:
        gate.clear()
        yield url, gate


def post(url: str, timeout: float = 10) -> httpx.Response:
    return httpx.post(f"{url}/v1/encode", content=picture(), timeout=timeout)


def metrics(url: str) -> str:
    return httpx.get(f"{url}/metrics").text


def test_too_many_in_work(loop: Loop) -> None:
    with (
        FakeTask() as task,
        standing(loop, task, max_in_work=3) as (url, gate),
        ThreadPoolExecutor(8) as pool,
    ):
        first = [pool.submit(infer, url) for _ in range(3)]
        wait_for(lambda: "trunkline_in_work 3.0" in metrics(url))
        refused = infer(url)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert httpx.get(f"{url}/healthz").elapsed.total_seconds() < 1  # the loop is free
        gate.set()
        assert {done.result().status_code for done in first} == {200}
        assert infer(url).status_code == 200


def test_a_picture_waits_for_a_place_in_its_turn(loop: Loop) -> None:
    with standing(loop, max_wait_s=10) as (url, gate), ThreadPoolExecutor(4) as pool:
        asked = []
        for number in range(4):
            asked.append(pool.submit(post, url))
            wait_for(lambda: f"trunkline_waiting {number}.0" in metrics(url))  # noqa: B023
        assert "trunkline_in_work 1.0" in metrics(url)
        gate.set()
        answers = [done.result() for done in asked]
        assert [answer.status_code for answer in answers] == [200] * 4
        begun = [float(answer.headers["x-trunkline-capture-time"]) for answer in answers]
        assert begun == sorted(begun)
        assert 'trunkline_stage_seconds_count{stage="wait"} 3.0' in metrics(url)
        wait_for(lambda: "trunkline_in_work 0.0" in metrics(url))
        assert "trunkline_waiting 0.0" in metrics(url)


def test_a_client_that_gives_up_waiting_leaves_the_line(loop: Loop) -> None:
    with standing(loop, max_wait_s=10) as (url, gate), ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, url)
        wait_for(lambda: "trunkline_in_work 1.0" in metrics(url))
        with pytest.raises(httpx.ReadTimeout):
            post(url, timeout=0.2)
        wait_for(lambda: "trunkline_waiting 0.0" in metrics(url))
        last = pool.submit(post, url)
        wait_for(lambda: "trunkline_waiting 1.0" in metrics(url))
        gate.set()
        assert [first.result().status_code, last.result().status_code] == [200, 200]
        wait_for(lambda: "trunkline_in_work 0.0" in metrics(url))


def test_who_may_not_wait_is_refused_before_the_upload(loop: Loop) -> None:
    with standing(loop, max_wait_s=0) as (url, gate), ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, url)
        wait_for(lambda: "trunkline_in_work 1.0" in metrics(url))
        parts = httpx.URL(url)
        with socket.create_connection((parts.host, parts.port or 0), timeout=5) as client:
            client.sendall(b"POST /v1/encode HTTP/1.1\r\nHost: e\r\nContent-Length: 99000\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 429 ")  # with no byte of its body sent
        gate.set()
        assert first.result().status_code == 200


def test_no_more_wait_than_may(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_WAITING", 2)
    with standing(loop, max_wait_s=10) as (url, gate), ThreadPoolExecutor(3) as pool:
        taken = [pool.submit(post, url) for _ in range(3)]
        wait_for(lambda: "trunkline_waiting 2.0" in metrics(url))
        refused = post(url)
        assert refused.status_code == 429
        assert "1 pictures are in work and 2 wait already" in refused.json()["detail"]
        gate.set()
        assert [done.result().status_code for done in taken] == [200] * 3


def test_what_a_drain_cuts_off_is_said_so(loop: Loop) -> None:
    """Also to who has waited for a place all the time."""
    with ThreadPoolExecutor(2) as pool:
        with standing(loop, max_wait_s=9) as (url, gate):
            taken = [pool.submit(post, url) for _ in range(2)]
            wait_for(lambda: "trunkline_waiting 1.0" in metrics(url))
        answers = [done.result() for done in taken]
        gate.set()
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "was stopped before this was done" in answer.json()["detail"]


def test_a_client_that_gives_up_leaves_the_line(loop: Loop) -> None:
    with FakeTask() as task, standing(loop, task, max_in_work=3) as (url, gate):
        for _ in range(9):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{url}/v1/infer?{FAST}", content=picture(), timeout=0.2)
        # the one that is being computed cannot be stopped: it has its place until it is done
        wait_for(lambda: "trunkline_in_work 1.0" in metrics(url))
        gate.set()
        wait_for(lambda: "trunkline_in_work 0.0" in metrics(url))
        assert infer(url).status_code == 200
        assert task.calls == 1


def test_clients_that_give_up_do_not_make_room(loop: Loop) -> None:
    with standing(loop, max_in_work=2, parallel=2) as (url, gate):
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                post(url, timeout=0.2)
        assert post(url).status_code == 429
        gate.set()
        wait_for(lambda: post(url).status_code == 200)


def test_slow_uploads_take_no_place(loop: Loop) -> None:
    with loop.edge(max_in_work=2, max_bytes=100_000) as url, ExitStack() as stack:
        parts = httpx.URL(url)
        head = b"POST /v1/encode HTTP/1.1\r\nHost: e\r\nContent-Length: 99000\r\n\r\n"

        def send(body: bytes) -> socket.socket:
            client = socket.create_connection((parts.host, parts.port or 0), timeout=5)
            stack.enter_context(client)
            client.sendall(head + body)
            return client

        slow = [send(b"x") for _ in range(10)]
        assert post(url).status_code == 200
        # but what has come is held, and no more of that than pictures in work may hold
        held = [send(b"x" * 98_000) for _ in range(2)]
        wait_for(lambda: httpx.post(f"{url}/v1/encode", content=bytes(99_000)).status_code == 429)
        for client in (*slow, *held):
            client.close()
        wait_for(lambda: post(url).status_code == 200)


def test_not_ready_until_the_trunk_is_loaded(loop: Loop) -> None:
    gate = threading.Event()
    started: list[str] = []

    def slow() -> Trunk:
        gate.wait(10)
        return trunk()

    def ask() -> None:
        with loop.edge(load=slow, port=port) as url:
            started.append(url)

    listener = server.listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    url = f"http://127.0.0.1:{port}"
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        wait_for(lambda: answers(url))
        early = httpx.get(f"{url}/readyz")
        assert early.status_code == 503
        assert early.headers["content-type"] == "application/problem+json"
        assert "loaded" in early.json()["detail"]
        assert infer(url).status_code == 503
        assert httpx.get(f"{url}/v1/trunks").json() == {"trunks": []}
    finally:
        gate.set()
        thread.join()
    assert started


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_an_edge_that_cannot_load_its_trunk_ends(loop: Loop) -> None:
    def fail() -> Trunk:
        raise WeightsError("no such weights")

    with pytest.raises(WeightsError, match="no such weights"), loop.edge(load=fail):
        pass


def test_our_own_errors_tell_nothing(loop: Loop) -> None:
    class Broken(Gated):
        def forward(self, batch: Tensor) -> Tensor:
            if self.gate.is_set():
                raise RuntimeError("secret of the house")
            return trunk().forward(batch)

    gate = threading.Event()
    broken: Any = Broken(gate)
    with FakeTask() as task, loop.edge(task, load=lambda: broken) as url:
        gate.set()
        answer = infer(url)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert "secret" not in answer.text
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_port_in_use() -> None:
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match="already in use; choose another"):
            server.listen("127.0.0.1", port)


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with (
        server.listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
