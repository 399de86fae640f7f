"""HTTP over a bare socket: requests byte by byte, answers as they come."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

FORM = {"Content_Type": "multipart/form-data; boundary=B"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document that every error must be."""
        assert self.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert {"type", "title", "status", "detail"} <= set(document)
        assert document["status"] == self.status
        assert "Traceback" not in document["detail"]
        return document


def connect(edge: str) -> socket.socket:
    parts = urlsplit(edge)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def read_answer(connection: socket.socket) -> Answer:
    """One whole answer, as long as its Content-Length says."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _received(connection)
    return Answer(int(first.split()[1]), headers, body)


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the connection was closed before the answer was whole"
    return data


def exchange(edge: str, request: bytes) -> Answer:
    with connect(edge) as connection:
        connection.sendall(request)
        return read_answer(connection)


def post(
    edge: str, body: bytes, query: str = "", path: str = "/v1/infer", **headers: str
) -> Answer:
    lines = [f"POST {path}{query} HTTP/1.1", "Host: edge", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return exchange(edge, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def form(*fields: tuple[str, bytes], end: bytes = b"--B--\r\n") -> bytes:
    parts = (
        b"--B\r\nContent-Disposition: form-data; "
        + f'name="{name}"; filename="f"\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in fields
    )
    return b"".join(parts) + end


def chunked_head(headers: bytes = b"") -> bytes:
    head = b"POST /v1/infer HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n"
    return head + headers + b"\r\n"


def chunks(data: bytes, size: int = 50_000) -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
