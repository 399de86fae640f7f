"""Library values to messages and back."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import SPEC, waves
from trunkline import codecs, pipeline, wire
from trunkline.errors import CorruptFrameError
from trunkline.types import (
    Classification,
    ClassScore,
    Detection,
    Detections,
    Frame,
    InferFailure,
    InferRequest,
    InferResult,
    Quantiser,
    TaskInfo,
)
from trunkline.v1 import trunkline_pb2 as pb

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text()
)
FRAMES = st.builds(
    Frame,
    trunk=st.text(),
    cut=st.text(),
    digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
    shape=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
    codec=st.text(),
    params=st.dictionaries(st.text(), VALUES, max_size=4),
    payload=st.binary(max_size=300),
    arrangement=st.text(),
    quantiser=st.none() | st.builds(Quantiser, FLOATS, FLOATS, st.integers(0, 2**32 - 1)),
    image_size=st.tuples(*[st.integers(0, 2**32 - 1)] * 2),
    capture_time=st.none() | st.integers(-(2**50), 2**50).map(lambda us: us / 1e6),
)


@given(FRAMES)
def test_every_frame_comes_back_the_same(frame: Frame) -> None:
    back = wire.frame_from_bytes(wire.frame_to_bytes(frame))
    assert back == frame
    assert {k: type(v) for k, v in back.params.items()} == {
        k: type(v) for k, v in frame.params.items()
    }


@given(st.binary(max_size=400))
def test_noise_is_a_frame_or_one_clear_error(data: bytes) -> None:
    with suppress(CorruptFrameError):
        wire.frame_from_bytes(data)


def test_truncated_frames_are_refused() -> None:
    data = wire.frame_to_bytes(pipeline.pack(waves(), SPEC, codecs.get("png")))
    for end in (1, 10, 100, len(data) - 1):
        with pytest.raises(CorruptFrameError, match=r"truncated|digest|shape"):
            pipeline.unpack(wire.frame_from_bytes(data[:end]))


@given(st.data())
def test_a_changed_payload_is_noticed(data: st.DataObject) -> None:
    frame = pipeline.pack(waves(), SPEC, codecs.get("webp"))
    message = wire.frame_to_message(frame)
    payload = bytearray(message.payload)
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    message.payload = bytes(payload)
    with pytest.raises(CorruptFrameError, match="damaged"):
        wire.frame_from_message(message)


def test_a_frame_without_a_checksum_is_read() -> None:
    frame = pipeline.pack(waves(), SPEC, codecs.get("raw"))
    message = wire.frame_to_message(frame)
    message.ClearField("payload_crc32")
    assert wire.frame_from_message(message) == frame


def test_what_surrounds_the_payload_is_small() -> None:
    frame = pipeline.pack(waves(), SPEC, codecs.get("png"), image_size=(640, 480), capture_time=1e9)
    assert len(wire.request_to_bytes(InferRequest(frame))) - len(frame.payload) < 150


@pytest.mark.parametrize("options", [{}, {"top_k": 0, "score_threshold": 0.0}, {"top_k": 5}])
def test_requests(options: dict[str, Any]) -> None:
    frame = pipeline.pack(waves(), SPEC, codecs.get("raw"))
    request = InferRequest(frame, request_id="a-1", **options)
    message = pb.InferRequest.FromString(wire.request_to_bytes(request))
    assert wire.request_from_message(message) == request


@pytest.mark.parametrize(
    "answer",
    [
        InferResult(Classification((ClassScore(281, "tabby", 0.5),)), "m", {"tail": 1.5}, "id"),
        InferResult(Detections((Detection(16, "cat", 0.25, (1.0, 2.0, 3.5, 4.0)),))),
        InferResult(Detections(())),
        InferResult({"novelty": 0.5, "names": ["a", "b"], "nested": {"deep": True}}),
        InferResult({}),
        InferFailure("INVALID_ARGUMENT", "top_k is 0", "id"),
    ],
)
def test_answers(answer: InferResult | InferFailure) -> None:
    data = wire.response_to_message(answer).SerializeToString()
    assert wire.response_from_bytes(data) == answer


@pytest.mark.parametrize("data", [b"", b"\xff\xff"])
def test_answers_without_a_result_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptFrameError):
        wire.response_from_bytes(data)


def test_tasks() -> None:
    info = TaskInfo("ssd", "SSDLite", "vgg16", "pool4", (512, 14, 14), ("ab" * 32, "cd" * 32), 80)
    assert wire.task_from_message(wire.task_to_message(info)) == info


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trunk_digest": b"short"}, "digest has 5 bytes"),
        ({"shape": [1, 2]}, "shape has 2 numbers"),
        ({"payload": b"abd", "payload_crc32": zlib.crc32(b"abc")}, "CRC-32 is not the frame's"),
        ({"parameters": {"qp": pb.ParameterValue()}}, "without a value"),
        ({"parameters": {str(n): pb.ParameterValue() for n in range(65)}}, "65 codec param"),
    ],
)
def test_messages_that_no_frame_has(change: dict[str, Any], message: str) -> None:
    sound = {"trunk_digest": bytes(32), "shape": [1, 2, 3]}
    with pytest.raises(CorruptFrameError, match=message):
        wire.frame_from_message(pb.Frame(**{**sound, **change}))


def test_the_range_of_a_tensor_is_exact_on_the_wire() -> None:
    tensor = waves() * 0.1
    frame = pipeline.pack(tensor, SPEC, codecs.get("raw"))
    assert frame.quantiser is not None
    assert wire.frame_from_bytes(wire.frame_to_bytes(frame)).quantiser == frame.quantiser
    assert dataclasses.astuple(frame.quantiser)[:2] == (float(tensor.min()), float(tensor.max()))


NAN, INFINITY = float("nan"), float("inf")
CLASS = InferResult(Classification((ClassScore(1, "a", 0.5),)))
BOX = (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize("bad", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda bad: InferResult(Classification((ClassScore(1, "a", bad),))), "a score of"),
        (lambda bad: InferResult(Detections((Detection(1, "a", bad, BOX),))), "a score of"),
        (lambda bad: InferResult(Detections((Detection(1, "a", 0.5, (*BOX[:3], bad)),))), "edge"),
        (lambda bad: dataclasses.replace(CLASS, timings_ms={"tail": bad}), "a time of"),
        (lambda bad: InferResult({"deep": {"in": [bad]}}), "not JSON"),
    ],
)
def test_answers_with_numbers_that_are_none(
    make: Callable[[float], InferResult], what: str, bad: float
) -> None:
    data = wire.response_to_message(make(bad)).SerializeToString()
    with pytest.raises(CorruptFrameError, match=what):
        wire.response_from_bytes(data)
