"""Results as the JSON that clients get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trunkline import tiling
from trunkline.types import (
    Classification,
    Detections,
    Frame,
    InferResult,
    Result,
    TrunkSpec,
)
from trunkline_edge.fanout import TaskAnswer, TaskError

LATE = "DEADLINE_EXCEEDED"


def infer_document(
    request_id: str,
    frame: Frame,
    image_bytes: int,
    wire_bytes: int,
    answers: Sequence[TaskAnswer],
    timings_ms: Mapping[str, float],
) -> dict[str, Any]:
    """The answer of /v1/infer."""
    width, height = frame.image_size
    return {
        "request_id": request_id,
        "complete": not any(isinstance(answer.outcome, TaskError) for answer in answers),
        "image": {"width": width, "height": height, "bytes": image_bytes},
        "trunk": {"name": frame.trunk, "cut": frame.cut, "digest": frame.digest},
        "frame": frame_document(frame) | {"wire_bytes": wire_bytes},
        "tasks": tasks_document(answers),
        "timings_ms": rounded(timings_ms),
    }


def frame_document(frame: Frame) -> dict[str, Any]:
    """A frame's fields; `mosaic` is (rows*H, columns*W), null where there is no mosaic."""
    quantiser = frame.quantiser
    return {
        "codec": frame.codec,
        "params": dict(frame.params),
        "arrangement": frame.arrangement or None,
        "shape": list(frame.shape),
        "mosaic": list(tiling.plane_shape(frame.shape)) if frame.arrangement else None,
        "min": quantiser.min if quantiser else None,
        "max": quantiser.max if quantiser else None,
        "payload_bytes": len(frame.payload),
    }


def tasks_document(answers: Sequence[TaskAnswer]) -> dict[str, Any]:
    """Every task's result or error, by name."""
    return {answer.task: _task_document(answer) for answer in answers}


def trunk_document(spec: TrunkSpec, engine: str, precision: str) -> dict[str, Any]:
    """A trunk, as /v1/trunks lists it."""
    return {
        "name": spec.name,
        "set": spec.set,
        "cut": spec.cut,
        "shape": list(spec.shape),
        "digest": spec.digest,
        "engine": engine,
        "precision": precision,
    }


def rounded(timings_ms: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds to the microsecond: what follows is noise."""
    return {stage: round(ms, 3) for stage, ms in timings_ms.items()}


def all_late(answers: Sequence[TaskAnswer]) -> bool:
    """Whether no task answered and time is the one reason."""
    outcomes = [answer.outcome for answer in answers]
    return all(isinstance(outcome, TaskError) and outcome.code == LATE for outcome in outcomes)


def none_answered(answers: Sequence[TaskAnswer]) -> bool:
    """Whether every task failed."""
    return all(isinstance(answer.outcome, TaskError) for answer in answers)


def _task_document(answer: TaskAnswer) -> dict[str, Any]:
    if isinstance(answer.outcome, TaskError):
        return {
            "status": "error",
            "code": answer.outcome.code,
            "message": answer.outcome.message,
        }
    result: InferResult = answer.outcome
    return {
        "status": "ok",
        "model": result.model,
        **_result_document(result.result),
        "timings_ms": rounded({**result.timings_ms, "call": answer.call_ms}),
    }


def _result_document(result: Result) -> dict[str, Any]:
    """A typed result under its own name, any other under `result`."""
    if isinstance(result, Classification):
        return {
            "classes": [
                {"index": item.index, "label": item.label, "score": round(item.score, 6)}
                for item in result.classes
            ]
        }
    if isinstance(result, Detections):
        return {
            "detections": [
                {
                    "label": item.label,
                    "score": round(item.score, 6),
                    "box": [round(edge, 2) for edge in item.box],
                }
                for item in result.detections
            ]
        }
    return {"result": result}
