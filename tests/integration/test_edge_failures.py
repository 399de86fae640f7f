"""Tasks that fail, are late, refuse, go and come back; an edge with too much to do."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest

from tests.integration.edge_support import FakeTask, Loop, info, picture, trunk, wait_for
from trunkline.errors import UnavailableError, WeightsError
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_edge import server

FAST = "codec=raw"  # these tests are not about codecs


def infer(url: str, query: str = "") -> httpx.Response:
    return httpx.post(f"{url}/v1/infer?{FAST}{query}", content=picture(), timeout=20)


def states(url: str) -> dict[str, str]:
    return {task["name"]: task["state"] for task in httpx.get(f"{url}/v1/tasks").json()["tasks"]}


def test_partial_results_and_recovery(loop: Loop) -> None:
    with FakeTask(info("classifier")), FakeTask(info("ssd")):
        pass  # ports that were free a moment ago
    classifier, ssd = FakeTask(info("classifier")), FakeTask(info("ssd"))
    with classifier, ssd, loop.edge(classifier, ssd) as url:
        wait_for(lambda: set(states(url).values()) == {"serving"})
        assert infer(url).json()["complete"] is True
        ssd.stop()
        answer = infer(url)
        assert answer.status_code == 200
        assert answer.json()["complete"] is False
        assert answer.json()["tasks"]["classifier"]["status"] == "ok"
        failed = answer.json()["tasks"]["ssd"]
        assert (failed["status"], failed["code"]) == ("error", "UNAVAILABLE")
        assert ssd.address in failed["message"]
        assert set(failed) == {"status", "code", "message"}
        wait_for(lambda: states(url)["ssd"] == "unreachable")
        assert httpx.get(f"{url}/readyz").status_code == 200
        time.sleep(2)  # long enough for a channel to have backed off
        ssd.start()
        assert wait_for(lambda: infer(url).json()["complete"]) < 3
        wait_for(lambda: states(url)["ssd"] == "serving")


def test_every_task_down(loop: Loop) -> None:
    with FakeTask() as task:
        pass
    with loop.edge(task) as url:
        started = time.monotonic()
        answer = infer(url, "&timeout_ms=2000")
        assert time.monotonic() - started < 2
    assert answer.status_code == 502
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["tasks"]["classifier"]["code"] == "UNAVAILABLE"
    assert "cannot be reached" in problem["detail"]


def test_a_late_task(loop: Loop) -> None:
    late = FakeTask(info("late"))
    late.delay_s = 5
    with FakeTask() as prompt, late, loop.edge(prompt, late) as url:
        started = time.monotonic()
        answer = infer(url, "&timeout_ms=400")
        assert 0.4 <= time.monotonic() - started < 2
        assert answer.status_code == 200
        assert answer.json()["tasks"]["late"]["code"] == "DEADLINE_EXCEEDED"
        alone = infer(url, "&timeout_ms=300&tasks=late")
    assert alone.status_code == 504
    assert "in time" in alone.json()["detail"]


def test_the_settings_deadline_holds_where_none_is_asked_for(loop: Loop) -> None:
    late = FakeTask()
    late.delay_s = 5
    with late, loop.edge(late, timeout_ms=300) as url:
        assert infer(url).status_code == 504


def test_late_and_failed_tasks_together_are_a_failure(loop: Loop) -> None:
    late, failing = FakeTask(info("late")), FakeTask(info("failing"))
    late.delay_s = 5
    failing.error = (grpc.StatusCode.INTERNAL, "the tail tripped")
    with late, failing, loop.edge(late, failing) as url:
        answer = infer(url, "&timeout_ms=300")
    assert answer.status_code == 502
    assert answer.json()["tasks"]["failing"] == {
        "status": "error",
        "code": "INTERNAL",
        "message": "the tail tripped",
    }


def test_tasks_are_asked_all_at_once(loop: Loop) -> None:
    slow = [FakeTask(info(f"slow{index}")) for index in range(3)]
    for task in slow:
        task.delay_s = 0.5
    with slow[0], slow[1], slow[2], loop.edge(*slow) as url:
        infer(url)
        assert infer(url).json()["timings_ms"]["fanout"] < 1000


def test_one_retry_of_an_unavailable_task(loop: Loop) -> None:
    with FakeTask() as task, loop.edge(task) as url:
        task.fail_first = 1
        assert infer(url).status_code == 200
        assert task.calls == 2
        task.calls, task.fail_first = 0, 2
        assert infer(url).status_code == 502
        assert task.calls == 2


def test_no_retry_of_any_other_failure_nor_without_time(loop: Loop) -> None:
    with FakeTask() as task, loop.edge(task) as url:
        task.error = (grpc.StatusCode.INVALID_ARGUMENT, "no")
        assert infer(url).status_code == 502
        assert task.calls == 1
        task.calls, task.fail_first = 0, 9
        infer(url, "&timeout_ms=100")
        assert task.calls == 1


def test_a_task_of_other_weights_is_refused(loop: Loop) -> None:
    other = FakeTask(info("other", accepts=("ab" * 32,)))
    with FakeTask() as task, other, loop.edge(task, other) as url:
        wait_for(lambda: states(url) == {"classifier": "serving", "other": "refused"})
        listed = httpx.get(f"{url}/readyz").json()["tasks"][1]
        assert "ab" * 32 in listed["detail"]
        assert trunk().spec.digest in listed["detail"]
        answer = infer(url).json()
        assert answer["complete"] is False
        assert answer["tasks"]["other"]["code"] == "FAILED_PRECONDITION"
        assert other.calls == 0
        # restarted on the right weights it is taken without a restart of the edge
        other.stop()
        other.info = info("other")
        other.start()
        wait_for(lambda: infer(url).json()["complete"])


def test_a_task_of_another_shape_is_refused(loop: Loop) -> None:
    with FakeTask(info(shape=(1, 2, 3))) as task, loop.edge(task) as url:
        wait_for(lambda: states(url)["classifier"] == "refused")


def test_a_task_whose_health_says_no(loop: Loop) -> None:
    with FakeTask() as task, loop.edge(task) as url:
        task.serve(False)
        wait_for(lambda: states(url)["classifier"] == "not_serving", 8)
        task.serve()
        wait_for(lambda: states(url)["classifier"] == "serving")


def test_an_answer_that_is_none(loop: Loop) -> None:
    with FakeTask(result=None) as task, loop.edge(task) as url:  # type: ignore[arg-type]
        answer = infer(url)
    assert answer.status_code == 502


def test_an_edge_without_tasks_still_encodes(loop: Loop) -> None:
    with loop.edge() as url:
        assert infer(url).status_code == 503
        assert httpx.post(f"{url}/v1/encode", content=picture()).status_code == 200
        assert infer(url, "&tasks=classifier").status_code == 404


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


def test_too_many_in_work(loop: Loop) -> None:
    gate = threading.Event()
    gate.set()
    with (
        FakeTask() as task,
        loop.edge(task, load=lambda: gated(gate), max_in_work=3, workers=1) as url,
        ThreadPoolExecutor(8) as pool,
    ):
        gate.clear()
        first = [pool.submit(infer, url) for _ in range(3)]
        wait_for(lambda: "trunkline_in_work 3.0" in httpx.get(f"{url}/metrics").text)
        refused = infer(url)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert httpx.get(f"{url}/healthz").elapsed.total_seconds() < 1  # the loop is free
        gate.set()
        assert {done.result().status_code for done in first} == {200}
        assert infer(url).status_code == 200


def test_a_client_that_gives_up_leaves_the_line(loop: Loop) -> None:
    gate = threading.Event()
    gate.set()
    with (
        FakeTask() as task,
        loop.edge(task, load=lambda: gated(gate), max_in_work=3, workers=1) as url,
    ):
        gate.clear()
        for _ in range(9):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{url}/v1/infer?{FAST}", content=picture(), timeout=0.2)
        # the one that is being computed cannot be stopped: it has its place until it is done
        wait_for(lambda: "trunkline_in_work 1.0" in httpx.get(f"{url}/metrics").text)
        gate.set()
        wait_for(lambda: "trunkline_in_work 0.0" in httpx.get(f"{url}/metrics").text)
        assert infer(url).status_code == 200
        assert task.calls == 1


def test_clients_that_give_up_do_not_make_room(loop: Loop) -> None:
    gate = threading.Event()
    gate.set()
    with loop.edge(load=lambda: gated(gate), max_in_work=2, workers=2) as url:
        gate.clear()
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{url}/v1/encode", content=picture(), timeout=0.2)
        assert httpx.post(f"{url}/v1/encode", content=picture()).status_code == 429
        gate.set()
        wait_for(lambda: httpx.post(f"{url}/v1/encode", content=picture()).status_code == 200)


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
        assert httpx.post(f"{url}/v1/encode", content=picture()).status_code == 200
        # but what has come is held, and no more of that than pictures in work may hold
        held = [send(b"x" * 98_000) for _ in range(2)]
        wait_for(lambda: httpx.post(f"{url}/v1/encode", content=bytes(99_000)).status_code == 429)
        for client in (*slow, *held):
            client.close()
        wait_for(lambda: httpx.post(f"{url}/v1/encode", content=picture()).status_code == 200)


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


def test_all_addresses_of_a_name(loop: Loop) -> None:
    with FakeTask() as first, ExitStack() as stack:
        second = FakeTask()
        second.host, second.port = "[::1]", first.port
        try:
            stack.enter_context(second)
        except RuntimeError:
            pytest.skip("this machine has no IPv6 loopback")
        url = stack.enter_context(loop.edge(tasks={"classifier": f"localhost:{first.port}"}))
        assert {infer(url).status_code for _ in range(6)} == {200}
        assert min(first.calls, second.calls) >= 2
        second.stop()
        assert {infer(url).status_code for _ in range(6)} == {200}
