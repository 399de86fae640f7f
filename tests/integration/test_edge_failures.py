"""Tasks that fail, are late, refuse, go and come back."""

from __future__ import annotations

import time
from contextlib import ExitStack

import grpc
import httpx
import pytest

from tests.integration.edge_support import (
    FakeTask,
    Loop,
    infer,
    info,
    picture,
    states,
    trunk,
    wait_for,
)


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
