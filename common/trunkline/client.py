"""A small client of the edge's HTTP door, for the command line and the demo."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from trunkline.errors import ParameterError, TrunklineError, UnavailableError

DEFAULT_URL = "http://127.0.0.1:8080"


class EdgeClient:
    """Talks to one edge; every call opens a connection of its own."""

    def __init__(self, url: str = DEFAULT_URL, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ParameterError(f"{url!r} is no edge's address: expected such as {DEFAULT_URL}")
        self._url = url.rstrip("/")
        self._parts = parts
        self._timeout_s = timeout_s

    def infer(self, image: bytes, query: Mapping[str, object]) -> dict[str, Any]:
        """POST /v1/infer: the answer, whole or partial. Raises TrunklineError for a refusal."""
        answer: dict[str, Any] = json.loads(self._post("/v1/infer", image, query))
        return answer

    def encode(self, image: bytes, query: Mapping[str, object]) -> bytes:
        """POST /v1/encode: the payload's bytes."""
        return self._post("/v1/encode", image, query)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """A JSON document and its status. Raises UnavailableError."""
        status, body = self._request("GET", path, None)
        try:
            return status, json.loads(body)
        except json.JSONDecodeError as error:
            raise UnavailableError(f"{self._url}{path} is no Trunkline edge: no JSON") from error

    def _post(self, path: str, body: bytes, query: Mapping[str, object]) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        status, answer = self._request("POST", target, body)
        if status != http.client.OK:
            raise TrunklineError(f"edge answers {status}: {_detail(answer)}")
        return answer

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host, port = self._parts.hostname or "", self._parts.port
        connection = kind(host, port, timeout=self._timeout_s)
        headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(
                f"no edge answers at {self._url} ({error}): start one with `trunkline up`"
            ) from error
        finally:
            connection.close()


def _detail(body: bytes) -> str:
    """What a problem document says, or the body's beginning."""
    try:
        problem = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    return str(problem.get("detail") or problem.get("title"))
