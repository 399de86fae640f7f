"""Forms, cut into pieces wherever a network may cut them."""

from __future__ import annotations

import pytest

from trunkline_edge.form import ImageForm
from trunkline_edge.problems import Problem

HEAD = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
DATA = b"\r\n--A\r\n\r\n--\r--B" * 3 + bytes(range(256))
FORM = HEAD + DATA + b"\r\n--B--\r\n"


def parse(body: bytes, size: int) -> bytes:
    form = ImageForm(b"B")
    for at in range(0, len(body), size):
        form.write(body[at : at + size])
    return form.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_pieces_of_any_size(size: int) -> None:
    assert parse(FORM, size) == DATA


@pytest.mark.parametrize("extra", [b"epilogue", b"\r\n", b"--B\r\n" + HEAD])
def test_what_follows_the_end_is_ignored(extra: bytes) -> None:
    assert parse(FORM + extra, 5) == DATA


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("end", range(1, len(FORM) - 6, 17))
def test_a_form_without_its_end(size: int, end: int) -> None:
    with pytest.raises(Problem) as caught:
        parse(FORM[:end], size)
    assert caught.value.status == 400


def test_many_headers() -> None:
    head = HEAD[:-2] + b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n"
    with pytest.raises(Problem):
        parse(head + DATA, 1000)
