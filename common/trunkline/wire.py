"""Library values <-> `trunkline.v1` messages. The only importer of the generated messages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from trunkline import finite
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
    ParameterValue,
    Quantiser,
    Result,
    Shape,
    TaskInfo,
)
from trunkline.v1 import trunkline_pb2 as pb

DIGEST_BYTES = 32
MAX_PARAMETERS = 64
"""More than any codec has; each costs the receiver time before the codec sees it."""


def frame_to_bytes(frame: Frame) -> bytes:
    """The serialised `trunkline.v1.Frame`."""
    return frame_to_message(frame).SerializeToString(deterministic=True)


def frame_from_bytes(data: bytes) -> Frame:
    """Undo `frame_to_bytes`. Raises CorruptFrameError for anything that is no whole frame."""
    return frame_from_message(_parse(pb.Frame(), data))


def frame_to_message(frame: Frame) -> pb.Frame:
    """A frame as a message; times become whole microseconds."""
    message = pb.Frame(
        trunk=frame.trunk,
        cut=frame.cut,
        trunk_digest=bytes.fromhex(frame.digest),
        shape=frame.shape,
        arrangement=frame.arrangement,
        codec=frame.codec,
        parameters={name: _parameter(value) for name, value in frame.params.items()},
        payload=frame.payload,
        image_width=frame.image_size[0],
        image_height=frame.image_size[1],
    )
    if frame.quantiser is not None:
        low, high, bits = frame.quantiser.min, frame.quantiser.max, frame.quantiser.bits
        message.quantiser.CopyFrom(pb.Quantiser(min=low, max=high, bits=bits))
    if frame.capture_time is not None:
        message.capture_time_us = round(frame.capture_time * 1e6)
    message.payload_crc32 = zlib.crc32(frame.payload)
    return message


def frame_from_message(message: pb.Frame) -> Frame:
    """A message as a frame. Raises CorruptFrameError for fields that no frame can have."""
    if len(message.parameters) > MAX_PARAMETERS:
        raise CorruptFrameError(
            f"frame has {len(message.parameters)} codec parameters: {MAX_PARAMETERS} at most"
        )
    if message.HasField("payload_crc32"):
        _check_payload(message)
    return Frame(
        trunk=message.trunk,
        cut=message.cut,
        digest=_digest(message.trunk_digest),
        shape=_shape(message.shape),
        codec=message.codec,
        params={name: _value(value) for name, value in message.parameters.items()},
        payload=message.payload,
        arrangement=message.arrangement,
        quantiser=_quantiser(message),
        image_size=(message.image_width, message.image_height),
        capture_time=_seconds(message),
    )


def request_to_bytes(request: InferRequest) -> bytes:
    """The serialised `InferRequest`; its length is what `wire_bytes` counts."""
    message = pb.InferRequest(
        frame=frame_to_message(request.frame),
        request_id=request.request_id,
        top_k=request.top_k,
        score_threshold=request.score_threshold,
    )
    return message.SerializeToString(deterministic=True)


def request_from_message(message: pb.InferRequest) -> InferRequest:
    """A message as a request. Raises CorruptFrameError."""
    return InferRequest(
        frame=frame_from_message(message.frame),
        request_id=message.request_id,
        top_k=message.top_k if message.HasField("top_k") else None,
        score_threshold=(message.score_threshold if message.HasField("score_threshold") else None),
    )


def response_to_message(answer: InferResult | InferFailure) -> pb.InferResponse:
    """A task's answer as a message."""
    message = pb.InferResponse(request_id=answer.request_id)
    if isinstance(answer, InferFailure):
        message.failure.CopyFrom(pb.Failure(code=answer.code, message=answer.message))
        return message
    message.model = answer.model
    message.timings_ms.update(answer.timings_ms)
    _set_result(message, answer.result)
    return message


def response_from_message(message: pb.InferResponse) -> InferResult | InferFailure:
    """A message as a task's answer. Raises CorruptFrameError for none, or NaN in it."""
    if message.WhichOneof("result") == "failure":
        return InferFailure(message.failure.code, message.failure.message, message.request_id)
    result, timings_ms = _result(message), dict(message.timings_ms)
    return finite.require(InferResult(result, message.model, timings_ms, message.request_id))


def response_from_bytes(data: bytes) -> InferResult | InferFailure:
    """A serialised answer. Raises CorruptFrameError for bytes that are none."""
    return response_from_message(_parse(pb.InferResponse(), data))


def task_to_message(info: TaskInfo) -> pb.Task:
    """What a task says of itself, as a message."""
    return pb.Task(
        name=info.name,
        model=info.model,
        trunk=info.trunk,
        cut=info.cut,
        shape=info.shape,
        accepts=[bytes.fromhex(digest) for digest in info.accepts],
        labels=info.labels,
    )


def task_from_bytes(data: bytes) -> TaskInfo:
    """Serialised words of a task about itself. Raises CorruptFrameError for bytes that are none."""
    return task_from_message(_parse(pb.Task(), data))


def task_from_message(message: pb.Task) -> TaskInfo:
    """A message as what a task says of itself. Raises CorruptFrameError."""
    return TaskInfo(
        name=message.name,
        model=message.model,
        trunk=message.trunk,
        cut=message.cut,
        shape=_shape(message.shape),
        accepts=tuple(_digest(digest) for digest in message.accepts),
        labels=message.labels,
    )


def _parse(message: Any, data: bytes) -> Any:  # noqa: ANN401 - any message type in, the same out
    """Fill a message from bytes."""
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        name = message.DESCRIPTOR.full_name
        raise CorruptFrameError(f"{len(data)} bytes are no {name}: truncated or damaged") from error
    return message


def _parameter(value: ParameterValue) -> pb.ParameterValue:
    """One codec parameter; bool before int, of which Python makes it a kind."""
    if isinstance(value, bool):
        return pb.ParameterValue(bool_value=value)
    if isinstance(value, int):
        return pb.ParameterValue(int_value=value)
    if isinstance(value, float):
        return pb.ParameterValue(double_value=value)
    return pb.ParameterValue(string_value=value)


def _value(message: pb.ParameterValue) -> ParameterValue:
    """Undo `_parameter`."""
    kind = message.WhichOneof("kind")
    if kind is None:
        raise CorruptFrameError("frame has a codec parameter without a value")
    value: ParameterValue = getattr(message, kind)
    return value


def _check_payload(message: pb.Frame) -> None:
    """Refuse a payload that is not the one that was sent."""
    if zlib.crc32(message.payload) != message.payload_crc32:
        raise CorruptFrameError(
            f"payload of {len(message.payload)} bytes is damaged: its CRC-32 is not the frame's"
        )


def _digest(digest: bytes) -> str:
    """A trunk digest in hex."""
    if len(digest) != DIGEST_BYTES:
        raise CorruptFrameError(f"trunk digest has {len(digest)} bytes: expected {DIGEST_BYTES}")
    return digest.hex()


def _shape(dimensions: Any) -> Shape:  # noqa: ANN401 - a repeated field's container
    """(C, H, W)."""
    if len(dimensions) != 3:
        raise CorruptFrameError(f"tensor shape has {len(dimensions)} numbers: expected C, H, W")
    channels, height, width = dimensions
    return channels, height, width


def _quantiser(message: pb.Frame) -> Quantiser | None:
    """The frame's quantiser, if it has one."""
    if not message.HasField("quantiser"):
        return None
    return Quantiser(message.quantiser.min, message.quantiser.max, message.quantiser.bits)


def _seconds(message: pb.Frame) -> float | None:
    """The frame's capture time in seconds since the epoch, if it has one."""
    return message.capture_time_us / 1e6 if message.HasField("capture_time_us") else None


def _set_result(message: pb.InferResponse, result: Result) -> None:
    """Fill the `oneof`."""
    if isinstance(result, Classification):
        classes = [
            pb.ClassScore(index=c.index, label=c.label, score=c.score) for c in result.classes
        ]
        message.classification.CopyFrom(pb.Classification(classes=classes))
    elif isinstance(result, Detections):
        found = [_detection(detection) for detection in result.detections]
        message.detections.CopyFrom(pb.Detections(detections=found))
    else:
        message.struct.SetInParent()  # an empty dictionary is an answer too
        message.struct.update(result)


def _detection(detection: Detection) -> pb.Detection:
    """One object as a message."""
    x1, y1, x2, y2 = detection.box
    return pb.Detection(
        index=detection.index,
        label=detection.label,
        score=detection.score,
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
    )


def _result(message: pb.InferResponse) -> Result:
    """The `oneof` as a value."""
    kind = message.WhichOneof("result")
    if kind == "classification":
        return Classification(
            tuple(ClassScore(c.index, c.label, c.score) for c in message.classification.classes)
        )
    if kind == "detections":
        return Detections(
            tuple(
                Detection(d.index, d.label, d.score, (d.x1, d.y1, d.x2, d.y2))
                for d in message.detections.detections
            )
        )
    if kind == "struct":
        return _dictionary(message.struct)
    raise CorruptFrameError("answer holds no result: expected classes, detections or a struct")


def _dictionary(struct: Message) -> dict[str, Any]:
    """A Struct as a plain dictionary."""
    try:
        plain: Mapping[str, Any] = MessageToDict(struct)
    except ValueError as error:  # JSON has no word for NaN and infinity
        raise CorruptFrameError(f"answer's struct is not JSON: {error}") from error
    return dict(plain)
