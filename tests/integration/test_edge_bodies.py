"""Bodies that are too large, too slow, in pieces or no HTTP at all, over a real socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.edge_support import FakeTask, Loop, picture, wait_for
from tests.integration.raw_http import (
    FORM,
    chunked_head,
    chunks,
    connect,
    exchange,
    form,
    post,
    read_answer,
)

MAX_BYTES = 200_000
PROMPT_S = 2.0


@pytest.fixture(scope="module")
def edge(loop: Loop) -> Iterator[str]:
    with (
        FakeTask() as task,
        loop.edge(task, max_bytes=MAX_BYTES, max_pixels=1_000_000, upload_timeout_s=1) as url,
    ):
        yield url


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
