"""Answers hold numbers: NaN and infinity have no place in JSON, and say nothing of a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trunkline.errors import CorruptFrameError
from trunkline.types import Classification, Detections, InferResult


def require(answer: InferResult) -> InferResult:
    """The answer itself. Raises CorruptFrameError for a score, box or time that is not finite."""
    for what, value in _numbers(answer):
        if not math.isfinite(value):
            raise CorruptFrameError(f"answer has a {what} of {value}: expected a finite number")
    return answer


def _numbers(answer: InferResult) -> Iterator[tuple[str, float]]:
    """Every floating point number of a typed answer, and what it is."""
    yield from (("time", milliseconds) for milliseconds in answer.timings_ms.values())
    if isinstance(answer.result, Classification):
        yield from (("score", found.score) for found in answer.result.classes)
    if isinstance(answer.result, Detections):
        for detection in answer.result.detections:
            yield "score", detection.score
            yield from (("box edge", edge) for edge in detection.box)
