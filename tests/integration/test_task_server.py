"""The rest of a task's ports: health, reflection, keepalive, metrics, start-up errors and drain."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests import task_kit as kit
from trunkline.errors import EngineError, UnavailableError, UnknownNameError, WeightsError
from trunkline.logs import JsonFormatter
from trunkline.types import InferFailure, InferRequest, InferResult
from trunkline_tasks.server import serving


async def test_health_has_one_name_per_task(tmp_path: Path) -> None:
    async with kit.running(tmp_path, "ssd") as (_, channel):
        assert await kit.health(channel) == "SERVING"
        assert await kit.health(channel, "ssd") == "SERVING"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await kit.health(channel, "classifier")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_and_describes_the_service(tmp_path: Path) -> None:
    async with kit.running(tmp_path) as (_, channel):
        ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        call = ask(timeout=5)
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = await call.read()
        name = "trunkline.v1.TaskService"
        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name))
        described = await call.read()
        await call.done_writing()
    names = {service.name for service in listed.list_services_response.service}
    assert {name, "grpc.health.v1.Health"} <= names
    assert described.file_descriptor_response.file_descriptor_proto


async def test_frequent_pings_are_tolerated(tmp_path: Path) -> None:
    """An idle client that pings every 1.2 s: gRPC's default would hang up on its third ping."""
    options = (
        ("grpc.keepalive_time_ms", 1200),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )
    async with kit.running(tmp_path) as (server, _), kit.dial(server.port, *options) as channel:
        await kit.infer(channel, kit.frame())
        ready = channel.get_state()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(channel.wait_for_state_change(ready), 5.5)
        await kit.infer(channel, kit.frame())


async def test_metrics(tmp_path: Path) -> None:
    port = kit.free_port()
    async with kit.running(tmp_path, metrics_port=port) as (_, channel):
        await kit.infer(channel, kit.frame())
        await kit.refusal(channel, b"junk")
        text = await asyncio.to_thread(scrape, port)
    assert 'trunkline_requests_total{code="OK",task="classifier"} 1.0' in text
    assert 'trunkline_requests_total{code="INVALID_ARGUMENT",task="classifier"} 1.0' in text
    for stage in ("queue", "decode", "untile", "dequantize", "tail", "postprocess", "total"):
        assert f'trunkline_stage_seconds_count{{stage="{stage}",task="classifier"}}' in text
    assert 'trunkline_payload_bytes_count{codec="png",task="classifier"} 1.0' in text
    assert 'trunkline_in_work{task="classifier"} 0.0' in text
    assert "process_resident_memory_bytes" in text
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(scrape, port)


async def test_the_request_id_reaches_the_log_and_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    caplog.handler.setFormatter(JsonFormatter("classifier"))
    async with kit.running(tmp_path) as (_, channel):
        method = channel.unary_unary(kit.INFER)
        call = method(kit.as_bytes(kit.frame()), metadata=(("x-request-id", "abc-1"),))
        await call
        assert ("x-request-id", "abc-1") in tuple(await call.trailing_metadata())
        made = method(kit.as_bytes(kit.frame()))
        await made
        own = dict(tuple(await made.trailing_metadata()))["x-request-id"]
    lines = [line for line in caplog.text.splitlines() if '"message": "infer"' in line]
    assert '"request_id": "abc-1"' in lines[0]
    assert f'"request_id": "{own}"' in lines[1]


async def test_drain_says_not_serving_refuses_new_work_and_finishes_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kit.make_store(tmp_path)
    context = serving(kit.settings(), store)
    server = await context.__aenter__()
    gate = kit.Gate(server, monkeypatch)
    async with kit.dial(server.port) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="classifier")
        )
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        begun = asyncio.create_task(kit.infer(channel, kit.frame()))
        call = kit.stream(channel)
        await call.write(kit.as_bytes(InferRequest(kit.frame(), "s-1")))
        await gate.reached(2)
        draining = asyncio.create_task(context.__aexit__(None, None, None))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        await kit.until(lambda: not server.workshop.is_open)
        assert (await kit.refusal(channel, kit.frame()))[0] == "UNAVAILABLE"
        assert not begun.done()
        gate.open.set()
        assert isinstance(await begun, InferResult)
        assert isinstance(await kit.next_answer(call), InferResult)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        await asyncio.wait_for(draining, 3)


async def test_drain_ends_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = serving(kit.settings(drain_s=0.2), kit.make_store(tmp_path))
    server = await context.__aenter__()
    gate = kit.Gate(server, monkeypatch)
    async with kit.dial(server.port) as channel:
        begun = asyncio.create_task(kit.refusal(channel, kit.frame()))
        await gate.reached()
        await asyncio.wait_for(context.__aexit__(None, None, None), 3)
        assert (await begun)[0] in ("UNAVAILABLE", "CANCELLED")
        gate.open.set()


async def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    store = kit.make_store(tmp_path)
    async with serving(kit.settings(), store) as first:
        port = first.port
        for taken in (kit.settings(port=port), kit.settings(metrics_port=port)):
            with pytest.raises(UnavailableError, match=f"{port} cannot be opened"):
                async with serving(taken, store):
                    pass


@pytest.mark.parametrize(
    "given", [{"trunk": "vgg16"}, {"weights": "oxford"}, {"trunk": "vgg16", "weights": "oxford"}]
)
async def test_a_pair_that_does_not_exist_is_refused(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(WeightsError, match="no pair of trunk") as caught:
        async with serving(kit.settings(**given), kit.make_store(tmp_path)):
            pass
    message = str(caught.value)
    for task in ("classifier", "ssd"):
        assert f"mobilenet_v2/tiny with {task}" in message
    assert "trunkline weights build" in message


async def test_a_damaged_tail_is_refused(tmp_path: Path) -> None:
    store = kit.make_store(tmp_path)
    (tmp_path / "mobilenet_v2/tiny/classifier.onnx").write_text("other")
    with pytest.raises(WeightsError, match="sha256"):
        async with serving(kit.settings(), store):
            pass


async def test_a_tail_that_gives_nan_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "ROWS", np.full((1, 7), np.nan, np.float32))
    with pytest.raises(WeightsError, match=r"ssd\.onnx: tail gives NaN"):
        async with serving(kit.settings("ssd"), kit.make_store(tmp_path)):
            pass


async def test_a_tail_of_another_task_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "LABELS", ("one", "two"))
    store = kit.make_store(tmp_path)
    with pytest.raises(WeightsError, match=r"\(1, 10\): expected logits \(1, 2\)"):
        async with serving(kit.settings(), store):
            pass


async def test_unknown_engine_and_precision_are_refused(tmp_path: Path) -> None:
    store = kit.make_store(tmp_path)
    for given, error in (
        ({"engine": "tensorrt"}, UnknownNameError),
        ({"precision": "f64"}, UnknownNameError),
        ({"engine": "onnxruntime", "precision": "bf16"}, EngineError),
    ):
        with pytest.raises(error):
            async with serving(kit.settings(**given), store):
                pass


async def test_warm_up_comes_before_serving(tmp_path: Path) -> None:
    async with kit.running(tmp_path, parallel=1) as (server, channel):
        answer = await kit.infer(channel, kit.frame())
        network: Any = server.model.network
        assert network.engine == "onnxruntime"
        assert answer.timings_ms["tail"] < 1000
        assert not isinstance(answer, InferFailure)


def scrape(port: int) -> str:
    """What /metrics says; OSError where nobody answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())
