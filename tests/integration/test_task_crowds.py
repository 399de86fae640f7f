"""Callers who hold on, say too much or leave: the others are served, and the log stays readable."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.request
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from tests import task_kit as kit
from trunkline.logs import JsonFormatter
from trunkline.types import InferRequest
from trunkline_tasks import scrape, server


def watch(channel: grpc.aio.Channel) -> Any:
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Watch(health_pb2.HealthCheckRequest(service="classifier"))


def reflect(channel: grpc.aio.Channel) -> Any:
    return reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()


@pytest.mark.parametrize("hold", [watch, kit.stream, reflect])
async def test_idle_calls_do_not_shut_frames_out(tmp_path: Path, hold: Any) -> None:
    async with kit.running(tmp_path) as (running, channel), AsyncExitStack() as stack:
        held = []
        for _ in range(3):
            other = await stack.enter_async_context(kit.dial(running.port))
            held += [hold(other) for _ in range(100)]
        waiting = [asyncio.create_task(call.code()) for call in held]
        await kit.until(lambda: sum(one.done() for one in waiting) == 300 - server.OPEN_STREAMS)
        refused = {one.result().name for one in waiting if one.done()}
        assert refused == {"RESOURCE_EXHAUSTED"}
        await kit.infer(channel, kit.frame())
        assert await kit.health(channel) == "SERVING"
        for call in held:
            call.cancel()
        await asyncio.gather(*waiting)
        await asyncio.sleep(0.2)
        again = hold(channel)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(again.code(), 0.3)
        again.cancel()


async def test_half_sent_requests_for_metrics_hold_nothing_up(tmp_path: Path) -> None:
    port = kit.free_port()
    async with kit.running(tmp_path, metrics_port=port):
        before = threading.active_count()
        with ExitStack() as stack:
            for _ in range(100):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            url = f"http://127.0.0.1:{port}/metrics"
            with await asyncio.to_thread(urllib.request.urlopen, url, timeout=4) as answer:
                assert b"trunkline_in_work" in answer.read()
            # asyncio's own threads are among them
            assert threading.active_count() - before <= scrape.MOST_CONNECTIONS + 2


async def test_a_silent_reader_of_metrics_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrape, "PATIENCE_S", 0.2)
    port = kit.free_port()
    async with kit.running(tmp_path, metrics_port=port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            assert await asyncio.to_thread(client.recv, 1) == b""


async def test_a_streams_ids_are_fit_for_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    caplog.handler.setFormatter(JsonFormatter("classifier"))
    hostile = "\u2028\x9b31m\x1b[2J\u202e" * 2000
    async with kit.running(tmp_path) as (_, channel):
        method = channel.stream_stream(kit.INFER_STREAM)
        call = method(timeout=20, metadata=(("x-request-id", "stream-1"),))
        for name in (hostile, "r-1"):
            await call.write(kit.as_bytes(InferRequest(kit.frame(), name)))
            await call.read()
        await call.done_writing()
    lines = [json.loads(line) for line in caplog.text.splitlines() if '"infer"' in line]
    assert [line["request_id"] for line in lines] == ["stream-1", "r-1"]


async def test_callers_who_leave_are_no_errors(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    request = kit.as_bytes(InferRequest(kit.frame(), "r" * 50_000))  # comes back in each answer

    async def send(call: Any) -> None:
        for _ in range(300):
            await call.write(request)

    async with kit.running(tmp_path) as (running, _), kit.dial(running.port) as channel:
        call = kit.stream(channel)  # whose answers nobody reads
        sending = asyncio.create_task(send(call))
        await asyncio.sleep(1)
        call.cancel()
        with suppress(asyncio.CancelledError, asyncio.InvalidStateError):
            await sending
        await asyncio.sleep(0.3)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
