"""Many frames at a time: what is refused, what is not begun, and streams."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests import task_kit as kit
from trunkline.types import Classification, InferFailure, InferRequest, InferResult


async def test_more_than_max_in_work_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kit.running(tmp_path, parallel=1, max_in_work=2) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        first = asyncio.create_task(kit.infer(channel, kit.frame()))
        await gate.reached()
        second = asyncio.create_task(kit.infer(channel, kit.frame()))
        await asyncio.sleep(0.1)
        status, message = await kit.refusal(channel, kit.frame())
        assert status == "RESOURCE_EXHAUSTED"
        assert "2 frames are in work" in message
        gate.open.set()
        await asyncio.gather(first, second)
        await kit.infer(channel, kit.frame())


async def test_work_past_its_deadline_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kit.running(tmp_path, parallel=1) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        first = asyncio.create_task(kit.infer(channel, kit.frame()))
        await gate.reached()
        status, _ = await kit.refusal(channel, kit.frame(), timeout=0.2)
        assert status == "DEADLINE_EXCEEDED"
        gate.open.set()
        await first
        await kit.infer(channel, kit.frame())
        assert gate.runs == 2, "the late frame was worked on"


async def test_cancelled_work_is_not_begun_and_leaves_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kit.running(tmp_path, parallel=1, max_in_work=2) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        first = asyncio.create_task(kit.infer(channel, kit.frame()))
        await gate.reached()
        for _ in range(3):
            waiting = asyncio.create_task(kit.infer(channel, kit.frame()))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.sleep(0.1)
        gate.open.set()
        await first
        await kit.infer(channel, kit.frame())
        assert gate.runs == 2, "a cancelled frame was worked on"


async def test_the_event_loop_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kit.running(tmp_path, parallel=1) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        first = asyncio.create_task(kit.infer(channel, kit.frame()))
        await gate.reached()
        status, _ = await kit.refusal(channel, b"junk", timeout=0.3)
        assert status == "DEADLINE_EXCEEDED"
        assert (await kit.health(channel)) == "SERVING"
        gate.open.set()
        await first


async def test_a_stream_answers_in_order_and_outlives_bad_requests(tmp_path: Path) -> None:
    bad = dataclasses.replace(kit.frame(), digest=kit.UNKNOWN)
    requests = [
        kit.as_bytes(InferRequest(kit.frame(1), "a")),
        kit.as_bytes(InferRequest(bad, "b")),
        b"junk",
        kit.as_bytes(InferRequest(kit.frame(2), "d", top_k=0)),
        kit.as_bytes(InferRequest(kit.frame(4), "e", top_k=1)),
    ]
    async with kit.running(tmp_path) as (_, channel):
        call = kit.stream(channel)
        for request in requests:
            await call.write(request)
        answers = [await kit.next_answer(call) for _ in requests]
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF
        assert await call.code() == grpc.StatusCode.OK
    assert [answer.request_id for answer in answers] == ["a", "b", "", "d", "e"]
    kinds = [answer.code if isinstance(answer, InferFailure) else "OK" for answer in answers]
    expected = ["OK", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK"]
    assert kinds == expected
    assert isinstance(answers[1], InferFailure)
    assert kit.UNKNOWN in answers[1].message
    last = answers[4]
    assert isinstance(last, InferResult)
    assert isinstance(last.result, Classification)
    assert [one.index for one in last.result.classes] == [4]


async def test_a_stream_has_no_more_in_work_than_its_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"parallel": 8, "max_in_work": 16, "stream_window": 3}
    async with kit.running(tmp_path, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        call = kit.stream(channel)
        for index in range(10):
            await call.write(kit.as_bytes(InferRequest(kit.frame(), str(index))))
        await gate.reached(3)
        await asyncio.sleep(0.2)
        assert gate.runs == 3
        gate.open.set()
        answers = [await kit.next_answer(call) for _ in range(10)]
        await call.done_writing()
    assert [answer.request_id for answer in answers] == [str(index) for index in range(10)]


async def test_a_stream_beyond_max_in_work_gets_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"parallel": 1, "max_in_work": 1, "stream_window": 2}
    async with kit.running(tmp_path, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        call = kit.stream(channel)
        for index in range(2):
            await call.write(kit.as_bytes(InferRequest(kit.frame(), str(index))))
        await gate.reached()
        await asyncio.sleep(0.1)
        gate.open.set()
        first, second = await kit.next_answer(call), await kit.next_answer(call)
        await call.done_writing()
    assert isinstance(first, InferResult)
    assert isinstance(second, InferFailure)
    assert (second.code, second.request_id) == ("RESOURCE_EXHAUSTED", "1")


async def test_a_stream_that_is_cancelled_leaves_its_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kit.running(tmp_path, parallel=1, max_in_work=3) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        call = kit.stream(channel)
        for _ in range(3):
            await call.write(kit.as_bytes(kit.frame()))
        await gate.reached()
        await asyncio.sleep(0.1)
        call.cancel()
        await asyncio.sleep(0.1)
        gate.open.set()
        answers = await asyncio.gather(*(kit.infer(channel, kit.frame()) for _ in range(2)))
        assert len(answers) == 2
        assert gate.runs == 3, "frames of the cancelled stream were worked on"


async def test_a_message_beyond_the_limit_ends_a_stream(tmp_path: Path) -> None:
    async with kit.running(tmp_path) as (_, channel):
        call = kit.stream(channel)
        await call.write(kit.as_bytes(kit.frame()))
        assert isinstance(await kit.next_answer(call), InferResult)
        await call.write(bytes(2 << 20))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        await kit.infer(channel, kit.frame())
