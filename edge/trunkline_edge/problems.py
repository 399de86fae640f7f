"""Errors as `application/problem+json` (RFC 9457), the framework's own included."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from trunkline import logs
from trunkline.errors import (
    CorruptImageError,
    ImageTooLargeError,
    MissingExtraError,
    ParameterError,
    TrunklineError,
    UnsupportedImageError,
)

MEDIA_TYPE = "application/problem+json"

# the most special class comes first
_STATUS: tuple[tuple[type[TrunklineError], int, str], ...] = (
    (ImageTooLargeError, 413, "picture-too-large"),
    (UnsupportedImageError, 415, "unsupported-picture"),
    (CorruptImageError, 422, "corrupt-picture"),
    (MissingExtraError, 400, "codec-not-installed"),
    (ParameterError, 400, "bad-parameter"),
)

_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is an error. `kind` names it for programs, `detail` says it to people."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,  # noqa: ANN401 - further members of the JSON document
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> JSONResponse:
        """The problem document."""
        document = {
            "type": f"urn:trunkline:problem:{self.kind}" if self.kind else "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": logs.request_id.get(),
            **self.members,
        }
        return JSONResponse(document, self.status, self.headers, MEDIA_TYPE)


def internal() -> Problem:
    """What a client may know of an error of ours: nothing but where to look for it."""
    return Problem(500, "internal", "the edge failed; its log has the error under this request_id")


def cut_off() -> Problem:
    """For a picture that was not done when the edge's time to drain was over."""
    return Problem(
        503,
        "cut-off",
        "the edge was stopped before this was done: send it again, or to another edge",
        headers={"Retry-After": "1"},
    )


def of(error: TrunklineError) -> Problem:
    """The problem that an error of the library is."""
    for kind, status, name in _STATUS:
        if isinstance(error, kind):
            return Problem(status, name, str(error))
    _log.error("unexpected error", exc_info=error)
    return internal()


def install(app: FastAPI) -> None:
    """Make every error that a route or the framework raises a problem document."""
    app.add_exception_handler(Problem, _own)  # type: ignore[arg-type]
    app.add_exception_handler(TrunklineError, _of_library)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _of_framework)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _of_validation)  # type: ignore[arg-type]


async def _own(_: Request, error: Problem) -> JSONResponse:
    return error.response()


async def _of_library(_: Request, error: TrunklineError) -> JSONResponse:
    return of(error).response()


async def _of_framework(request: Request, error: HTTPException) -> JSONResponse:
    details = {
        404: f"there is nothing at {request.url.path}: see /docs",
        405: f"{request.method} is not for {request.url.path}: see /docs",
    }
    detail = details.get(error.status_code, str(error.detail))
    return Problem(error.status_code, "", detail, headers=error.headers).response()


async def _of_validation(_: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return Problem(400, "bad-parameter", f"{where}: {first['msg']}").response()
