"""What became of one mutant."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

import numpy as np

from trunkline import pipeline, wire
from trunkline.errors import CorruptFrameError, FrameMismatchError
from trunkline.types import Frame, Tensor

PICTURE, ERROR = "picture", "error"
WRONG, WORDS, EXCEPTION = "wrong", "words", "exception"
OUTPUT, MEMORY, HANG, CRASH = "output", "memory", "hang", "crash"
ALLOWED = (PICTURE, ERROR)
FORBIDDEN = (WRONG, WORDS, EXCEPTION, OUTPUT, MEMORY, HANG, CRASH)
LONGEST_MESSAGE = 1000
"""Characters of an error: it becomes a gRPC status, which travels in a header."""


@dataclass(frozen=True)
class Verdict:
    """An outcome, what there is to say of it, and the values that the tensor was to have."""

    outcome: str
    detail: str = ""
    elements: int = 0


def judge(source: bytes | Frame) -> Verdict:
    """Undo a frame, and say what came of it."""
    frame = source if isinstance(source, Frame) else None
    try:
        frame = wire.frame_from_bytes(source) if isinstance(source, bytes) else source
        tensor = pipeline.unpack(frame)
    except (CorruptFrameError, FrameMismatchError) as error:
        return _of_error(str(error), frame)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        words = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        return Verdict(EXCEPTION, words[:LONGEST_MESSAGE], _elements(frame))
    return _of_tensor(tensor, frame)


def _of_error(message: str, frame: Frame | None) -> Verdict:
    if len(message) > LONGEST_MESSAGE or not message.isprintable():
        return Verdict(WORDS, repr(message[:LONGEST_MESSAGE]), _elements(frame))
    return Verdict(ERROR, elements=_elements(frame))


def _of_tensor(tensor: Tensor, frame: Frame) -> Verdict:
    if tensor.shape != frame.shape or tensor.dtype != np.float32:
        return Verdict(WRONG, f"{tensor.dtype}{tensor.shape} for {frame.shape}", tensor.size)
    if not np.isfinite(tensor).all():
        return Verdict(WRONG, "NaN or Inf in the tensor", tensor.size)
    return Verdict(PICTURE, elements=tensor.size)


def _elements(frame: Frame | None) -> int:
    """What the frame claims, where it may claim it."""
    if frame is None or len(frame.shape) != 3 or min(frame.shape) < 1:
        return 0
    channels, height, width = frame.shape
    return min(channels * height * width, pipeline.MAX_ELEMENTS)
