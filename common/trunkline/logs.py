"""Logs as JSON, one object a line, with the request's id in each line that belongs to a request.

The id travels as HTTP header and gRPC metadata `x-request-id`, so that one picture's lines can be
found in the logs of the edge and of every task.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import uuid
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TextIO

REQUEST_ID_KEY = "x-request-id"

# the id of the request that this coroutine or thread works for; empty outside of requests
request_id: ContextVar[str] = ContextVar("request_id", default="")

_SAFE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; what `extra` brought stands beside the message."""

    def __init__(self, service: str = "") -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON: time (UTC), level, service, logger, message, request_id, extras."""
        when = datetime.fromtimestamp(record.created, timezone.utc)
        fields: dict[str, object] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        kept = {key: value for key, value in fields.items() if value not in ("", None)}
        return json.dumps(kept, default=str, ensure_ascii=True)


def setup(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (default stderr) as JSON. For entry points only.

    Raises ValueError for a level that `logging` does not know.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def accept_request_id(text: str | bytes | None, otherwise: str = "") -> str:
    """The id a caller sent; `otherwise`, or a new one, where it is unfit for logs and headers."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return text if text and _SAFE_ID.fullmatch(text) else otherwise or uuid.uuid4().hex
