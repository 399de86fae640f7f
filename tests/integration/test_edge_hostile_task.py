"""A task that means ill, or is broken: the others' results reach the client all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.edge_support import FakeTask, Loop, info, picture, wait_for
from trunkline import wire
from trunkline.types import Classification, ClassScore, Detection, Detections, InferFailure, Result

NAN, INFINITY = float("nan"), float("inf")


class Hostile(FakeTask):
    """Answers with whatever message it is given."""

    def __init__(self) -> None:
        super().__init__(info("hostile"))
        self.message: Any = None

    def Infer(self, request: Any, context: Any) -> Any:
        return self.message


def post(url: str) -> httpx.Response:
    return httpx.post(f"{url}/v1/infer?codec=raw", content=picture(), timeout=20)


def answer_of(result: Result, **timings_ms: float) -> Any:
    message = wire.response_to_message(InferFailure("X", ""))
    message.ClearField("failure")
    message.timings_ms.update(timings_ms)
    if isinstance(result, Classification):
        for one in result.classes:
            message.classification.classes.add(index=one.index, label=one.label, score=one.score)
    elif isinstance(result, Detections):
        for found in result.detections:
            message.detections.detections.add(score=found.score, x1=found.box[0])
    else:
        message.struct.update(result)
    return message


@pytest.mark.parametrize(
    ("result", "timings_ms"),
    [
        (Classification((ClassScore(1, "a", NAN),)), {}),
        (Detections((Detection(1, "a", 0.5, (INFINITY, 0.0, 0.0, 0.0)),)), {}),
        ({"a": NAN}, {}),
        ({"fine": True}, {"tail": -INFINITY}),
    ],
)
def test_numbers_that_are_none(loop: Loop, result: Result, timings_ms: dict[str, float]) -> None:
    hostile = Hostile()
    hostile.message = answer_of(result, **timings_ms)
    with FakeTask() as healthy, hostile, loop.edge(healthy, hostile) as url:
        response = post(url)
    assert response.status_code == 200
    answer = response.json()
    assert answer["complete"] is False
    assert answer["tasks"]["classifier"]["status"] == "ok"
    assert answer["tasks"]["hostile"]["code"] == "INTERNAL"


def test_what_nobody_foresaw_is_the_failure_of_one_task(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = Hostile()
    hostile.message = answer_of({})
    plain: Callable[[bytes], Any] = wire.response_from_bytes

    def surprise(data: bytes) -> Any:
        if data == hostile.message.SerializeToString():
            raise RuntimeError("secret of the house")
        return plain(data)

    monkeypatch.setattr(wire, "response_from_bytes", surprise)
    with FakeTask() as healthy, hostile, loop.edge(healthy, hostile) as url:
        response = post(url)
    assert response.status_code == 200
    assert response.json()["tasks"]["classifier"]["status"] == "ok"
    assert response.json()["tasks"]["hostile"]["code"] == "INTERNAL"
    assert "secret" not in response.text
    assert "secret of the house" in caplog.text


def test_failures_in_a_tasks_own_words(loop: Loop) -> None:
    hostile = Hostile()
    with hostile, loop.edge(hostile) as url:
        for code in ("OK", 'A"\n{}', "", "x" * 9000, "ABORTED"):
            hostile.message = wire.response_to_message(InferFailure(code, "x\n\x1b[2J" * 1000))
            told = post(url).json()["tasks"]["hostile"]
            assert told["code"] == ("ABORTED" if code == "ABORTED" else "UNKNOWN")
            assert told["message"].isprintable()
            assert len(told["message"]) <= 500
        metrics = httpx.get(f"{url}/metrics").text
    assert metrics.count("trunkline_task_calls_total{") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "\x1b[31m\n" * 100_000},
        {"name": "x" * 900_000, "model": "m"},
        {"trunk": "a\nb"},
        {"accepts": tuple(f"{index:064x}" for index in range(9000))},
    ],
)
def test_a_task_with_much_to_say_of_itself(loop: Loop, changes: dict[str, Any]) -> None:
    hostile = Hostile()
    with hostile, loop.edge(hostile) as url:
        wait_for(lambda: "serving" in httpx.get(f"{url}/v1/tasks").text)
        hostile.info = info(**{"name": "hostile", **changes})
        wait_for(lambda: "no Trunkline task" in httpx.get(f"{url}/v1/tasks").text)
        listed = httpx.get(f"{url}/v1/tasks")
    assert len(listed.content) < 3000
    (task,) = listed.json()["tasks"]
    assert task["state"] == "refused"
    assert task["detail"].isprintable()
