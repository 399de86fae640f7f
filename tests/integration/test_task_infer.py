"""Infer over a real port: right answers, and the whole table of refusals."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests import task_kit as kit
from trunkline import pipeline, wire
from trunkline.types import Classification, Detections, InferRequest, Quantiser
from trunkline.v1 import trunkline_pb2 as pb


@pytest.mark.parametrize(
    ("codec", "params"), [("raw", {}), ("png", {}), ("webp", {"lossless": True}), ("webp", {})]
)
async def test_classifier_answers(tmp_path: Path, codec: str, params: dict[str, bool]) -> None:
    async with kit.running(tmp_path) as (_, channel):
        answer = await kit.infer(channel, InferRequest(kit.frame(6, codec, **params), "r-7"))
    assert isinstance(answer.result, Classification)
    classes = answer.result.classes
    assert classes[0].index == 6
    assert classes[0].label == "label 6"
    assert len(classes) == 5
    assert [one.score for one in classes] == sorted((one.score for one in classes), reverse=True)
    assert 0 < sum(one.score for one in classes) <= 1
    assert (answer.request_id, answer.model) == ("r-7", "tiny classifier")
    stages = {"queue", "decode", "untile", "dequantize", "tail", "postprocess", "total"}
    assert set(answer.timings_ms) == stages
    assert all(value >= 0 for value in answer.timings_ms.values())


async def test_ssd_answers_in_pixels_of_the_original(tmp_path: Path) -> None:
    async with kit.running(tmp_path, "ssd") as (_, channel):
        answer = await kit.infer(channel, kit.frame())
        few = await kit.infer(channel, InferRequest(kit.frame(), top_k=1))
        all_rows = await kit.infer(channel, InferRequest(kit.frame(), score_threshold=0.0))
    assert isinstance(answer.result, Detections)
    found = answer.result.detections
    assert [one.label for one in found] == ["label 7", "label 2", "label 7"]
    assert found[0].box == pytest.approx((50, 50, 150, 100))
    assert found[1].box == pytest.approx((0, 10, 100, 100)), "not clipped"
    assert isinstance(few.result, Detections)
    assert len(few.result.detections) == 1
    assert isinstance(all_rows.result, Detections)
    assert len(all_rows.result.detections) == 4


async def test_another_form_of_the_trunk_is_accepted(tmp_path: Path) -> None:
    frame = dataclasses.replace(kit.frame(), digest=kit.OTHER_FORM)
    async with kit.running(tmp_path) as (_, channel):
        assert isinstance((await kit.infer(channel, frame)).result, Classification)


async def test_get_task(tmp_path: Path) -> None:
    async with kit.running(tmp_path, "ssd") as (_, channel):
        info = wire.task_from_message(await kit.stub(channel).GetTask(pb.GetTaskRequest()))
    assert (info.name, info.model, info.labels) == ("ssd", "tiny ssd", 10)
    assert (info.trunk, info.cut, info.shape) == ("mobilenet_v2", "bottleneck7", (10, 4, 4))
    assert info.accepts == (kit.DIGEST, kit.OTHER_FORM)


REFUSED: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "digest": ({"digest": kit.UNKNOWN}, "FAILED_PRECONDITION", (kit.UNKNOWN, kit.DIGEST)),
    "shape": ({"shape": (10, 8, 2)}, "FAILED_PRECONDITION", ("(10, 8, 2)", "(10, 4, 4)")),
    "absurd shape": ({"shape": (4294967295,) * 3}, "FAILED_PRECONDITION", ("(10, 4, 4)",)),
    "codec": ({"codec": "semaphore"}, "FAILED_PRECONDITION", ("semaphore", "webp")),
    "parameter": ({"params": {"speed": 3}}, "INVALID_ARGUMENT", ("speed", "level")),
    "parameter's range": ({"params": {"level": 11}}, "INVALID_ARGUMENT", ("11", "0 to 9")),
    "arrangement": ({"arrangement": "yuv"}, "FAILED_PRECONDITION", ("yuv", "luma, rgb")),
    "no quantiser": ({"quantiser": None}, "INVALID_ARGUMENT", ("quantiser",)),
    "bits": ({"quantiser": Quantiser(0, 1, 9)}, "INVALID_ARGUMENT", ("9", "8, 10, 12 or 16")),
    "range": ({"quantiser": Quantiser(2, 1, 8)}, "INVALID_ARGUMENT", ("2.0 to 1.0",)),
    "NaN": ({"quantiser": Quantiser(0, float("nan"), 8)}, "INVALID_ARGUMENT", ("nan",)),
    "corrupt": ({"payload": b"\x89PNG junk"}, "INVALID_ARGUMENT", ("png payload",)),
    "empty": ({"payload": b""}, "INVALID_ARGUMENT", ("png payload",)),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_bad_frames_are_refused(tmp_path: Path, case: str) -> None:
    changes, code, words = REFUSED[case]
    frame = dataclasses.replace(kit.frame(), **changes)
    async with kit.running(tmp_path) as (_, channel):
        status, message = await kit.refusal(channel, frame)
        assert status == code, message
        assert "\n" not in message
        for word in words:
            assert word in message
        await kit.infer(channel, kit.frame())


async def test_truncated_payload(tmp_path: Path) -> None:
    whole = kit.frame()
    frame = dataclasses.replace(whole, payload=whole.payload[:-20])
    async with kit.running(tmp_path) as (_, channel):
        status, message = await kit.refusal(channel, frame)
    assert (status, "png" in message) == ("INVALID_ARGUMENT", True)


@pytest.mark.parametrize("top_k", [0, 1001, 2**32 - 1])
async def test_bad_top_k(tmp_path: Path, top_k: int) -> None:
    async with kit.running(tmp_path) as (_, channel):
        status, message = await kit.refusal(channel, InferRequest(kit.frame(), top_k=top_k))
    assert status == "INVALID_ARGUMENT"
    assert "top_k" in message


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf")])
async def test_bad_score_threshold(tmp_path: Path, threshold: float) -> None:
    async with kit.running(tmp_path) as (_, channel):
        request = InferRequest(kit.frame(), score_threshold=threshold)
        status, message = await kit.refusal(channel, request)
    assert status == "INVALID_ARGUMENT"
    assert "score_threshold" in message


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
async def test_boxes_need_the_pictures_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async with kit.running(tmp_path, "ssd") as (_, channel):
        frame = dataclasses.replace(kit.frame(), image_size=size)
        status, message = await kit.refusal(channel, frame)
    assert (status, f"{size[0]}x{size[1]}" in message) == ("INVALID_ARGUMENT", True)


@pytest.mark.parametrize("name", ["classifier", "ssd"])
async def test_a_range_that_overflows_the_tail_is_refused(tmp_path: Path, name: str) -> None:
    frame = dataclasses.replace(kit.frame(), quantiser=Quantiser(0.0, 3.4e38, 8))
    async with kit.running(tmp_path, name) as (_, channel):
        status, message = await kit.refusal(channel, frame)
    assert (status, "not finite" in message) == ("INVALID_ARGUMENT", True)


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"\x0a\x05abc"])
async def test_bytes_that_are_no_request(tmp_path: Path, data: bytes) -> None:
    async with kit.running(tmp_path) as (_, channel):
        assert (await kit.refusal(channel, data))[0] == "INVALID_ARGUMENT"


async def test_the_whole_of_a_long_name_does_not_come_back(tmp_path: Path) -> None:
    frame = dataclasses.replace(kit.frame(), codec="x\n" * 100_000)
    async with kit.running(tmp_path) as (_, channel):
        status, message = await kit.refusal(channel, frame)
    assert status == "FAILED_PRECONDITION"
    assert len(message) <= 1000
    assert "\n" not in message


async def test_the_largest_sound_frame_fits_and_larger_ones_do_not(tmp_path: Path) -> None:
    limit = kit.settings().max_message_bytes
    pool4 = 512 * 14 * 14 * 2 * 3  # 16 bits a sample, rgb
    assert pool4 * 1.5 < limit < 4 << 20
    async with kit.running(tmp_path) as (_, channel):
        whole = dataclasses.replace(kit.frame(), codec="raw", params={})
        near = dataclasses.replace(whole, payload=bytes(limit - 1000))
        assert (await kit.refusal(channel, near))[0] == "INVALID_ARGUMENT"
        over = dataclasses.replace(whole, payload=bytes(limit))
        assert (await kit.refusal(channel, over))[0] == "RESOURCE_EXHAUSTED"
        await kit.infer(channel, kit.frame())


async def test_compressed_requests_are_refused(tmp_path: Path) -> None:
    """100 MB of zeros are 0.1 MB of gzip: it must not be unpacked."""
    async with kit.running(tmp_path) as (_, channel):
        bomb = b"\x0a" + bytes(100_000_000)
        status, _ = await kit.refusal(channel, bomb, compression=grpc.Compression.Gzip)
        assert status == "UNIMPLEMENTED"


async def test_unexpected_errors_tell_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret path /etc/x")

    async with kit.running(tmp_path) as (_, channel):
        monkeypatch.setattr(pipeline, "unpack", broken)
        status, message = await kit.refusal(channel, kit.frame())
    assert status == "INTERNAL"
    assert "secret" not in message
    assert "the secret path" in caplog.text
