"""JSON log lines: what stands in them, and which request ids are taken over."""

from __future__ import annotations

import io
import json
import logging

import pytest

from trunkline import logs
from trunkline.text import one_line
from trunkline_tasks import departed


def line_of(record: logging.LogRecord) -> dict[str, object]:
    text = logs.JsonFormatter("classifier").format(record)
    assert "\n" not in text
    parsed = json.loads(text)
    assert isinstance(parsed, dict)
    return parsed


def test_a_line_holds_time_level_service_message_and_extras() -> None:
    record = logging.makeLogRecord(
        {"name": "x", "levelno": 20, "levelname": "INFO", "msg": "a %s", "args": ("b\nc",), "n": 3}
    )
    line = line_of(record)
    assert line["message"] == "a b\nc"
    assert (line["level"], line["service"], line["n"]) == ("info", "classifier", 3)
    assert str(line["time"]).endswith("Z")
    assert "request_id" not in line


def test_a_line_is_ascii_whatever_is_in_it() -> None:
    hostile = "\u2028\x9b31m\x1b[2J\u202e"
    record = logging.makeLogRecord({"msg": hostile})
    assert logs.JsonFormatter().format(record).isascii()
    assert line_of(record)["message"] == hostile


def test_a_line_of_a_request_holds_its_id() -> None:
    token = logs.request_id.set("r-1")
    try:
        assert line_of(logging.makeLogRecord({"msg": "m"}))["request_id"] == "r-1"
    finally:
        logs.request_id.reset(token)


def test_an_exception_stays_on_the_line() -> None:
    stream = io.StringIO()
    logger = logging.Logger("test")  # not the root: pytest has handlers of its own there
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    logger.addHandler(handler)
    try:
        raise RuntimeError("inner")
    except RuntimeError:
        logger.exception("outer")
    line = json.loads(stream.getvalue())
    assert line["message"] == "outer"
    assert "RuntimeError: inner" in line["exception"]


@pytest.mark.parametrize("text", ["abc", "3f-9.A:_", b"from-bytes"])
def test_sound_ids_are_taken_over(text: str | bytes) -> None:
    expected = text.decode() if isinstance(text, bytes) else text
    assert logs.accept_request_id(text) == expected


@pytest.mark.parametrize("text", [None, "", "a b", "x\ny", "a" * 129, b"\xff\xfe"])
def test_other_ids_are_replaced(text: str | bytes | None) -> None:
    assert len(logs.accept_request_id(text)) == 32


def test_an_unfit_id_gives_way_to_the_streams() -> None:
    assert logs.accept_request_id("a\nb", "stream-1") == "stream-1"
    assert logs.accept_request_id("r-1", "stream-1") == "r-1"


def test_one_line_is_printable_and_short() -> None:
    assert one_line(" a\n\x1b[2J\u202eb ", 20) == "a [2J b"
    assert one_line("x" * 1000, 20) == "x" * 20


@pytest.mark.parametrize(("kind", "logged"), [("ExecuteBatchError", False), ("OtherError", True)])
def test_departed_callers_are_no_errors(
    kind: str, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    departed.hush()
    try:
        raise type(kind, (Exception,), {})
    except Exception:
        logging.getLogger(departed.LOGGER).exception("raised in core")
    assert ("raised in core" in caplog.text) is logged
