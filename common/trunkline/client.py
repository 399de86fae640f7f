"""A small client of the edge's HTTP door, for the command line and the demo."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from trunkline.errors import ParameterError, TrunklineError, UnavailableError
from trunkline.text import one_line

DEFAULT_URL = "http://127.0.0.1:8080"


DEFAULT_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 32 << 20
"""Beyond any answer: a 50-megapixel picture's frame is no larger than a small one's."""
LONGEST_DETAIL = 500
ANSWER_FIELDS = ("complete", "image", "frame", "tasks", "timings_ms")


class EdgeClient:
    """Talks to one edge; every call opens a connection of its own."""

    def __init__(self, url: str = DEFAULT_URL, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
            self._host.encode("idna")
        except ValueError as error:
            raise _no_address(url) from error
        if parts.scheme not in ("http", "https") or not self._host or not url.isprintable():
            raise _no_address(url)
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")

    def infer(self, image: bytes, query: Mapping[str, object]) -> dict[str, Any]:
        """POST /v1/infer: the answer, whole or partial. Raises TrunklineError for a refusal."""
        answer = self._json(self._post("/v1/infer", image, query))
        if not all(name in answer for name in ANSWER_FIELDS):
            raise self._stranger(f"its answer lacks one of {', '.join(ANSWER_FIELDS)}")
        return answer

    def encode(self, image: bytes, query: Mapping[str, object]) -> bytes:
        """POST /v1/encode: the payload's bytes."""
        return self._post("/v1/encode", image, query)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """A JSON document and its status. Raises UnavailableError."""
        status, body = self._request("GET", path, None)
        return status, self._json(body)

    def put_task(self, name: str, address: str, token: str) -> dict[str, Any]:
        """Have the edge send its frames to a task, too. Raises TrunklineError for a refusal."""
        body = json.dumps({"address": address}).encode()
        return self._json(self._change("PUT", name, body, token))

    def delete_task(self, name: str, token: str) -> None:
        """Have the edge send a task no more frames. Raises TrunklineError for a refusal."""
        self._change("DELETE", name, None, token)

    def _change(self, method: str, name: str, body: bytes | None, token: str) -> bytes:
        path = f"/v1/tasks/{quote(name, safe='')}"
        return self._answer(method, path, body, {"Authorization": f"Bearer {token}"})

    def _post(self, path: str, body: bytes, query: Mapping[str, object]) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        return self._answer("POST", target, body)

    def _answer(
        self, method: str, path: str, body: bytes | None, extra: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of an answer that is none of an error's. Raises TrunklineError."""
        status, answer = self._request(method, path, body, extra)
        if status not in (http.client.OK, http.client.NO_CONTENT):
            raise TrunklineError(f"edge answers {status}: {_detail(answer)}")
        return answer

    def _request(
        self, method: str, path: str, body: bytes | None, extra: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
        headers |= extra or {}
        try:
            connection = kind(self._host, self._port, timeout=self._timeout_s)
            with closing(connection), _deadline(connection, self._timeout_s):
                connection.request(method, self._path + path, body, headers)
                response = connection.getresponse()
                answer = response.read(MAX_ANSWER_BYTES + 1)
        except TimeoutError as error:
            raise UnavailableError(
                f"the edge at {self._url} did not answer within {self._timeout_s:g} s"
            ) from error
        except http.client.HTTPException as error:
            raise self._stranger("it speaks no HTTP") from error
        except OSError as error:
            raise UnavailableError(
                f"no edge answers at {self._url} ({error}): start one with `trunkline up`"
            ) from error
        if len(answer) > MAX_ANSWER_BYTES:
            raise self._stranger(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
        return response.status, answer

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._stranger("its answer is no JSON") from error
        if not isinstance(document, dict):
            raise self._stranger("its answer is no JSON object")
        return document

    def _stranger(self, why: str) -> UnavailableError:
        return UnavailableError(f"what answers at {self._url} is no Trunkline edge: {why}")


@contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """End the whole call after `seconds`, also where its bytes only trickle in (TimeoutError).

    A socket's own timeout starts anew with each byte.
    """
    passed = threading.Event()

    def end() -> None:
        passed.set()
        if connection.sock is not None:
            with suppress(OSError):  # it may be closed already
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if passed.is_set():
            raise TimeoutError(f"not done in {seconds:g} s") from error
        raise
    finally:
        timer.cancel()
    if passed.is_set():
        raise TimeoutError(f"not done in {seconds:g} s")


def _no_address(url: str) -> ParameterError:
    return ParameterError(f"{url!r} is no edge's address: expected such as {DEFAULT_URL}")


def _detail(body: bytes) -> str:
    """What a problem document says, or the body's beginning, printable, in one line."""
    try:
        problem = json.loads(body)
        text = str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError, RecursionError):
        text = body[:200].decode("ascii", errors="replace")
    return one_line(text, LONGEST_DETAIL)
