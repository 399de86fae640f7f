"""Which gRPC status, by name, an error becomes. The core raises; the door reports."""

from __future__ import annotations

import logging

from trunkline.errors import (
    CorruptFrameError,
    FrameMismatchError,
    MissingExtraError,
    ParameterError,
    TensorError,
    TrunklineError,
    UnavailableError,
)
from trunkline.text import one_line
from trunkline.types import InferFailure

log = logging.getLogger(__name__)

LONGEST = 1000
"""Characters of a message: gRPC carries it in a header, and a caller's own words may be in it."""


class OverloadedError(TrunklineError):
    """As much is in work as the settings allow."""


class ExpiredError(TrunklineError):
    """The caller's deadline has passed."""


class CancelledError(TrunklineError):
    """The caller has gone."""


# the first class that fits counts
CODES: tuple[tuple[type[TrunklineError], str], ...] = (
    (OverloadedError, "RESOURCE_EXHAUSTED"),
    (ExpiredError, "DEADLINE_EXCEEDED"),
    (CancelledError, "CANCELLED"),
    (UnavailableError, "UNAVAILABLE"),
    (FrameMismatchError, "FAILED_PRECONDITION"),
    (MissingExtraError, "FAILED_PRECONDITION"),
    (CorruptFrameError, "INVALID_ARGUMENT"),
    (ParameterError, "INVALID_ARGUMENT"),
    (TensorError, "INVALID_ARGUMENT"),
)


def failure(error: Exception, request_id: str = "") -> InferFailure:
    """What the caller is told; what it must not be told is logged instead."""
    for kind, code in CODES:
        if isinstance(error, kind):
            return InferFailure(code, one_line(str(error), LONGEST), request_id)
    log.error("request failed", exc_info=error)
    message = "the task failed on this frame: the cause is in its log under the request's id"
    return InferFailure("INTERNAL", message, request_id)
