"""Frames that wait together go through the tail together, and come out as each would alone."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests import task_kit as kit
from trunkline.types import Classification, Frame, InferResult
from trunkline_tasks.tasks.base import Outputs, Task
from trunkline_tasks.tasks.ssd import Ssd

ANY = -1


async def _behind(
    gate: kit.Gate, channel: grpc.aio.Channel, frames: list[Frame]
) -> list[asyncio.Task[InferResult]]:
    """Calls with these frames, all of which wait while another is at the gate."""
    first = asyncio.create_task(kit.infer(channel, kit.frame()))
    await gate.reached()
    rest = [asyncio.create_task(kit.infer(channel, frame)) for frame in frames]
    await asyncio.sleep(0.3)
    return [first, *rest]


def _best(answer: InferResult) -> int:
    assert isinstance(answer.result, Classification)
    return answer.result.classes[0].index


async def test_waiting_frames_go_together_and_keep_their_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"parallel": 1, "max_batch": 4, "batch": ANY}
    async with kit.running(tmp_path, **given) as (server, channel):
        alone = await kit.infer(channel, kit.frame(7))
        gate = kit.Gate(server, monkeypatch)
        calls = await _behind(gate, channel, [kit.frame(top) for top in (1, 7, 2, 4, 5)])
        gate.open.set()
        answers = await asyncio.gather(*calls)
    assert [_best(answer) for answer in answers] == [3, 1, 7, 2, 4, 5]
    assert answers[2].result == alone.result
    assert gate.runs == 3, "one alone, four together, the one that was left"


@pytest.mark.parametrize("given", [{"max_batch": 1, "batch": ANY}, {"max_batch": 4, "batch": 1}])
async def test_frames_go_alone_where_they_should_or_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    async with kit.running(tmp_path, parallel=1, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        calls = await _behind(gate, channel, [kit.frame(top) for top in (1, 7)])
        gate.open.set()
        answers = await asyncio.gather(*calls)
    assert [_best(answer) for answer in answers] == [3, 1, 7]
    assert gate.runs == 3


async def test_a_bad_frame_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = dataclasses.replace(
        kit.frame(), quantiser=dataclasses.replace(_quantiser(kit.frame()), min=-3e38, max=3e38)
    )
    bad = [dataclasses.replace(kit.frame(), digest=kit.UNKNOWN), huge]
    given: dict[str, Any] = {"parallel": 1, "max_batch": 4, "batch": ANY}
    async with kit.running(tmp_path, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        calls = await _behind(gate, channel, [kit.frame(1), *bad, kit.frame(7)])
        gate.open.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert gate.runs == 2
    good = [answer for answer in answers if isinstance(answer, InferResult)]
    assert [_best(answer) for answer in good[:2]] == [3, 1]
    assert _best(good[-1]) == 7
    refused = [it.code().name for it in answers if isinstance(it, grpc.aio.AioRpcError)]
    assert refused == ["FAILED_PRECONDITION", "INVALID_ARGUMENT"]


async def test_who_has_gone_is_in_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"parallel": 1, "max_batch": 4, "batch": ANY}
    async with kit.running(tmp_path, **given) as (server, channel):
        sizes: list[int] = []
        plain = Task.split

        def split(task: Task, outputs: Outputs, count: int) -> list[Outputs]:
            sizes.append(count)
            return plain(task, outputs, count)

        monkeypatch.setattr(Task, "split", split)
        gate = kit.Gate(server, monkeypatch)
        calls = await _behind(gate, channel, [kit.frame(top) for top in (1, 7, 2)])
        calls[2].cancel()
        await asyncio.sleep(0.2)
        gate.open.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sizes == [2]
    assert isinstance(answers[2], asyncio.CancelledError)


async def test_a_batch_waits_for_more_but_not_once_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"parallel": 1, "max_batch": 3, "batch": ANY, "batch_delay_ms": 1000}
    async with kit.running(tmp_path, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        calls = await _behind(gate, channel, [kit.frame(1), kit.frame(7)])
        gate.open.set()
        await calls[0]
        third = asyncio.create_task(kit.infer(channel, kit.frame(2)))
        answers = await asyncio.gather(*calls[1:], third)
        assert [_best(answer) for answer in answers] == [1, 7, 2]
        assert gate.runs == 2


async def test_threads_share_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread takes everything while another has nothing to do."""
    given: dict[str, Any] = {"parallel": 2, "max_batch": 8, "batch": ANY, "max_in_work": 16}
    async with kit.running(tmp_path, **given) as (server, channel):
        gate = kit.Gate(server, monkeypatch)
        calls = [asyncio.create_task(kit.infer(channel, kit.frame())) for _ in range(2)]
        await gate.reached(2)
        calls += [asyncio.create_task(kit.infer(channel, kit.frame(top))) for top in (1, 2, 4, 5)]
        await asyncio.sleep(0.3)
        gate.open.set()
        answers = await asyncio.gather(*calls)
    assert [_best(answer) for answer in answers] == [3, 3, 1, 2, 4, 5]
    assert 4 <= gate.runs <= 5


def test_the_rows_of_a_detector_by_frame() -> None:
    rows = np.array([[0, 7, 0.9, 0, 0, 1, 1], [2, 3, 0.8, 0, 0, 1, 1], [0, 1, 0.7, 0, 0, 1, 1]])
    first, second, third = (outputs[0] for outputs in Ssd(()).split([rows], 3))
    assert first[:, 1].tolist() == [7, 1]
    assert second.shape == (0, 7)
    assert third.tolist() == [[0, 3, 0.8, 0, 0, 1, 1]]
    assert rows[1, 0] == 2, "the outputs themselves were changed"


def _quantiser(frame: Frame) -> Any:
    assert frame.quantiser is not None
    return frame.quantiser
