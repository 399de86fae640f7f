"""What the edge says to what it cannot use, over a real socket, byte by byte where it matters."""

from __future__ import annotations

import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.edge_support import FakeTask, Loop, picture, wait_for

MAX_BYTES = 200_000
PROMPT_S = 2.0


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


@pytest.fixture(scope="module")
def edge(loop: Loop) -> Iterator[str]:
    with (
        FakeTask() as task,
        loop.edge(task, max_bytes=MAX_BYTES, max_pixels=1_000_000, upload_timeout_s=1) as url,
    ):
        yield url


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


FORM = {"Content_Type": "multipart/form-data; boundary=B"}


@pytest.mark.parametrize("path", ["/v1/infer", "/v1/encode"])
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?colour=red", "expected one of arrangement, bits"),
        ("?codec=jpeg3000", "expected one of "),
        ("?codec=webp&qp=3", "it takes quality"),
        ("?codec=webp&quality=101", "from 0 to 100"),
        ("?codec=webp&quality=-1", "from 0 to 100"),
        ("?codec=webp&quality=high", "expected a whole number"),
        ("?codec=webp&quality=8_0", "expected a whole number"),
        ("?codec=webp&quality=%2080", "expected a whole number"),
        ("?codec=webp&quality=80.5", "expected a whole number"),
        ("?codec=webp&quality=" + "9" * 6000, "expected a whole number"),
        ("?codec=webp&lossless=1", "expected true or false"),
        ("?codec=webp&quality=1&quality=1", "given twice"),
        ("?codec=webp&bits=16", "8 bits"),
        ("?codec=png&bits=12", "expected 8 or 16"),
        ("?codec=png&arrangement=rbg", "expected luma or rgb"),
        ("?codec=", "unknown codec"),
        ("?timeout_ms=0", "above 0"),
        ("?timeout_ms=-5", "above 0"),
        ("?timeout_ms=nan", "expected a number"),
        ("?timeout_ms=inf", "expected a number"),
        ("?timeout_ms=1e300", "at most 60000"),
        ("?timeout_ms=", "expected a number"),
        ("?top_k=0", "from 1 to 1000"),
        ("?top_k=1001", "from 1 to 1000"),
        ("?top_k=2.5", "expected a whole number"),
        ("?score_threshold=1.01", "from 0 to 1"),
        ("?score_threshold=-0.1", "from 0 to 1"),
        ("?score_threshold=NaN", "expected a number"),
        ("?tasks=", "comma-separated"),
        ("?tasks=classifier,classifier", "each once"),
        ("?tasks=classifier&tasks=classifier", "given twice"),
    ],
)
def test_bad_parameters(edge: str, path: str, query: str, says: str) -> None:
    answer = post(edge, picture(), query, path)
    assert answer.status == 400
    assert says in answer.problem["detail"]


def test_an_unknown_task(edge: str) -> None:
    answer = post(edge, picture(), "?tasks=classifier,oracle")
    assert answer.status == 404
    assert "'oracle': there is classifier" in answer.problem["detail"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"", FORM),
        (form(), FORM),
        (form(("picture", picture())), FORM),
        (form(("image", picture()), ("image", picture())), FORM),
        (form(("image", picture()), ("codec", b"webp")), FORM),
        (form(("image", b"")), FORM),
        (form(("image", picture()), end=b""), FORM),
        (form(("image", picture())), {"Content_Type": "multipart/form-data"}),
        (form(("image", picture())), {"Content_Type": "multipart/form-data; boundary=OTHER"}),
        (
            form(("image", picture())),
            {"Content_Type": f"multipart/form-data; boundary={'B' * 300}"},
        ),
        (b"--B\r\n" + b"X" * 50_000, FORM),
        (b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n", FORM),
    ],
)
def test_no_or_two_pictures(edge: str, body: bytes, headers: dict[str, str]) -> None:
    assert post(edge, body, **headers).problem["status"] == 400


def test_a_post_without_any_body(edge: str) -> None:
    answer = exchange(edge, b"POST /v1/infer HTTP/1.1\r\nHost: edge\r\n\r\n")
    assert answer.problem["status"] == 400


@pytest.mark.parametrize("data", [b"hello", b"\0" * 5000, b"%PDF-1.4 " * 100, b"GIF90a" * 9])
def test_no_known_format(edge: str, data: bytes) -> None:
    answer = post(edge, data)
    assert answer.problem["status"] == 415
    assert "expected JPEG" in answer.problem["detail"]
    assert post(edge, form(("image", data)), **FORM).problem["status"] == 415


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "AVIF", "BMP", "TIFF", "GIF"])
def test_truncated_pictures(edge: str, name: str) -> None:
    data = picture(name, (160, 120))
    answer = post(edge, data[: len(data) // 2])
    assert answer.problem["status"] == 422
    assert name in answer.problem["detail"]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "AVIF", "BMP", "TIFF", "GIF"])
def test_garbage_after_a_whole_picture(edge: str, name: str) -> None:
    assert post(edge, picture(name, (160, 120)) + b"garbage" * 99).status == 200


def test_a_picture_of_a_single_pixel(edge: str) -> None:
    assert post(edge, picture("PNG", (1, 1))).status == 200


def test_too_many_pixels(edge: str) -> None:
    assert post(edge, picture("PNG", (1001, 1000))).problem["status"] == 413


def test_a_bomb(edge: str) -> None:
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(600 * (1 + 60_000 // 8))) + packer.flush(zlib.Z_FULL_FLUSH)
    rows = (block + block[2:] * 40)[: MAX_BYTES - 100]
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
    started = time.monotonic()
    assert post(edge, bomb).problem["status"] == 413
    assert time.monotonic() - started < PROMPT_S


class TestTooManyBytes:
    """The answer must reach a client that sends everything first and one that never ends."""

    BODY = b"x" * 21_000_000

    def test_with_content_length(self, edge: str) -> None:
        started = time.monotonic()
        assert post(edge, self.BODY).problem["status"] == 413
        assert time.monotonic() - started < PROMPT_S

    def test_with_content_length_in_a_form(self, edge: str) -> None:
        assert post(edge, form(("image", self.BODY)), **FORM).problem["status"] == 413

    def test_in_a_form_by_a_few_bytes(self, edge: str) -> None:
        body = form(("image", b"x" * (MAX_BYTES + 1)))
        assert post(edge, body, **FORM).problem["status"] == 413

    def test_as_many_as_allowed(self, edge: str) -> None:
        exact = picture() + b"x" * (MAX_BYTES - len(picture()))
        assert post(edge, exact).status == 200
        assert post(edge, form(("image", exact)), **FORM).status == 200

    @pytest.mark.parametrize("headers", [b"", b"Content-Type: multipart/form-data; boundary=B\r\n"])
    def test_without_content_length(self, edge: str, headers: bytes) -> None:
        body = form(("image", self.BODY)) if headers else self.BODY
        started = time.monotonic()
        answer = exchange(edge, chunked_head(headers) + chunks(body) + b"0\r\n\r\n")
        assert answer.problem["status"] == 413
        assert time.monotonic() - started < PROMPT_S

    def test_without_end(self, edge: str) -> None:
        with connect(edge) as connection:
            connection.sendall(chunked_head() + chunks(self.BODY[:400_000]))
            assert read_answer(connection).problem["status"] == 413

    def test_before_the_client_sends_anything(self, edge: str) -> None:
        with connect(edge) as connection:
            head = b"POST /v1/infer HTTP/1.1\r\nHost: edge\r\nContent-Length: 21000000\r\n"
            connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
            assert read_answer(connection).problem["status"] == 413
            assert connection.recv(1) == b""  # closed at once: nobody has to send the rest


def chunked_head(headers: bytes = b"") -> bytes:
    head = b"POST /v1/infer HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n"
    return head + headers + b"\r\n"


def chunks(data: bytes, size: int = 50_000) -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_body_in_chunks_is_fine(edge: str) -> None:
    assert exchange(edge, chunked_head() + chunks(picture(), 7) + b"0\r\n\r\n").status == 200


def test_expect_100_continue(edge: str) -> None:
    with connect(edge) as connection:
        head = f"POST /v1/infer HTTP/1.1\r\nHost: edge\r\nContent-Length: {len(picture())}\r\n"
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(picture())
        assert read_answer(connection).status == 200


def test_an_early_answer_to_a_body_on_its_way(edge: str) -> None:
    for _ in range(5):
        assert post(edge, b"x" * 5_000_000, "?codec=none").problem["status"] == 400


def test_a_slow_upload_is_given_up(edge: str) -> None:
    with connect(edge) as connection:
        connection.sendall(b"POST /v1/infer HTTP/1.1\r\nHost: e\r\nContent-Length: 999\r\n\r\nabc")
        started = time.monotonic()
        assert read_answer(connection).problem["status"] == 408
        assert time.monotonic() - started < 1 + PROMPT_S


def test_clients_that_hang_up(edge: str) -> None:
    heads = (
        b"POST /v1/infer HTTP/1.1\r\n",
        b"POST /v1/infer HTTP/1.1\r\nHost: e\r\nContent-Length: 999\r\n\r\nabc",
        b"POST /v1/infer HTTP/1.1\r\nHost: e\r\nContent-Length: %d\r\n\r\n" % len(picture())
        + picture(),
        chunked_head() + b"5\r\nab",
    )
    for head in heads * 10:
        with connect(edge) as connection:
            connection.sendall(head)
    wait_for(lambda: post(edge, picture()).status == 200)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /nowhere", 404),
        ("GET /v1/infer", 405),
        ("OPTIONS /v1/infer", 405),
        ("DELETE /v1/tasks", 405),
        ("POST /v1/infer/", 404),
        ("GET /v1/../etc/passwd", 404),
        ("GET /%00%ff", 404),
    ],
)
def test_what_is_not_there(edge: str, request_line: str, status: int) -> None:
    answer = exchange(edge, f"{request_line} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
    assert answer.problem["status"] == status


def test_methods_of_no_standard_share_a_label(edge: str) -> None:
    for method in ("BREW", "PROPFIND", "LOCK"):
        # the parser may refuse them by itself
        assert exchange(edge, f"{method} / HTTP/1.1\r\nHost: e\r\n\r\n".encode()).status in (
            400,
            405,
        )
    metrics = exchange(edge, b"GET /metrics HTTP/1.1\r\nHost: e\r\n\r\n").body.decode()
    assert 'method="other"' in metrics
    assert "PROPFIND" not in metrics
    assert "LOCK" not in metrics


def test_a_body_of_one_byte_chunks_does_not_stall_the_others(edge: str) -> None:
    body = chunked_head() + b"1\r\nx\r\n" * MAX_BYTES + b"0\r\n\r\n"
    worst = 0.0
    with connect(edge) as slow, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(slow.sendall, body)
        while not sending.done():
            started = time.monotonic()
            assert exchange(edge, b"GET /healthz HTTP/1.1\r\nHost: e\r\n\r\n").status == 200
            worst = max(worst, time.monotonic() - started)
        assert read_answer(slow).problem["status"] == 415
    assert worst < PROMPT_S / 4


def test_head_where_only_get_is(edge: str) -> None:
    with connect(edge) as connection:
        connection.sendall(b"HEAD /v1/tasks HTTP/1.1\r\nHost: edge\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: e\r\nX: " + b"y" * 1_000_000,
        b"GET /healthz HTTP/1.1\r\nHost: e\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /v1/infer HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\0" * 70_000,
    ],
)
def test_what_is_no_http(edge: str, request_bytes: bytes) -> None:
    with connect(edge) as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1000)
        except OSError:  # it may close on such a client before that has sent everything
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert post(edge, picture()).status == 200
