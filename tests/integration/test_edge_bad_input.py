"""What the edge says to queries and pictures that it cannot use, over a real socket."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator

import pytest

from tests.integration.edge_support import FakeTask, Loop, picture
from tests.integration.raw_http import (
    FORM,
    exchange,
    form,
    post,
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
        ("?codec=png&bits=9", "expected 8, 10, 12 or 16"),
        ("?codec=png&bits=12", "takes 8 or 16 bits"),
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
