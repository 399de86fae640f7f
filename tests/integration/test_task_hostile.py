"""Frames made to hurt: the answer is a result or a refusal, and the task lives on."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import task_kit as kit
from trunkline import codecs
from trunkline.types import Frame, InferRequest

# INTERNAL is not among them: that would be a bug of the task's
REFUSALS = {"INVALID_ARGUMENT", "FAILED_PRECONDITION"}
AVAILABLE = [info.id for info in codecs.table() if info.available]
Send = Callable[[bytes], str]


@pytest.fixture(params=["classifier", "ssd"])
def send(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Send]:
    """Send bytes to a running task, from a test that is no coroutine; the status' name."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    _, channel = loop.run_until_complete(
        stack.enter_async_context(kit.running(tmp_path, request.param))
    )

    async def status(data: bytes) -> str:
        call = channel.unary_unary(kit.INFER)(data, timeout=10)
        assert len(await call.details()) <= 1000
        return str((await call.code()).name)

    try:
        yield lambda data: loop.run_until_complete(status(data))
        assert loop.run_until_complete(status(kit.as_bytes(kit.frame()))) == "OK"
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()


def mutations() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    """Flips, cuts, insertions and repetitions at any place."""
    place = st.floats(0, 1, exclude_max=True)
    junk = st.binary(min_size=1, max_size=16)

    def overwrite(at: float, new: bytes) -> Callable[[bytes], bytes]:
        def change(data: bytes) -> bytes:
            start = int(at * len(data))
            return data[:start] + new + data[start + len(new) :]

        return change

    def insert(at: float, new: bytes) -> Callable[[bytes], bytes]:
        return lambda data: data[: int(at * len(data))] + new + data[int(at * len(data)) :]

    def cut(at: float, _: bytes) -> Callable[[bytes], bytes]:
        return lambda data: data[: int(at * len(data))]

    return st.one_of([st.builds(make, place, junk) for make in (overwrite, insert, cut)])


quick = hypothesis_settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("codec", AVAILABLE)
def test_changed_payloads(send: Send, codec: str) -> None:
    sound = kit.frame(codec=codec)

    @seed(1)
    @quick
    @given(mutations())
    def run(mutate: Callable[[bytes], bytes]) -> None:
        frame = dataclasses.replace(sound, payload=mutate(sound.payload))
        assert send(kit.as_bytes(frame)) in REFUSALS | {"OK"}

    run()


@pytest.mark.parametrize("codec", AVAILABLE)
def test_changed_messages(send: Send, codec: str) -> None:
    sound = kit.as_bytes(InferRequest(kit.frame(codec=codec), "r", 5, 0.5))

    @seed(2)
    @quick
    @given(st.lists(mutations(), min_size=1, max_size=3))
    def run(chain: list[Callable[[bytes], bytes]]) -> None:
        data = sound
        for mutate in chain:
            data = mutate(data)
        assert send(data) in REFUSALS | {"OK"}

    run()


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing of it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    return b"\x89PNG\r\n\x1a\n" + content + chunk(b"IEND", b"")


def bombs() -> dict[str, Frame]:
    """Small frames that claim much."""
    sound = kit.frame()
    side = 60_000
    return {
        "a PNG of 60 000 x 60 000": dataclasses.replace(sound, payload=png_of(side, side)),
        "a tensor of 2^96 values": dataclasses.replace(sound, shape=(2**32 - 1,) * 3),
        "a tensor of 4 GB": dataclasses.replace(sound, shape=(1 << 10, 1 << 10, 1 << 10)),
        "60 000 parameters": dataclasses.replace(
            sound, params={f"{index:x}": True for index in range(60_000)}
        ),
        "a picture of 2^32 pixels a side": dataclasses.replace(
            sound, image_size=(2**32 - 1, 2**32 - 1)
        ),
    }


@pytest.mark.parametrize("bomb", bombs())
def test_claims_are_refused_before_memory_is_taken(send: Send, bomb: str) -> None:
    frame = kit.as_bytes(bombs()[bomb])
    send(frame)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5):
        assert send(frame) in REFUSALS | {"OK"}
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    assert grown_mb < 50
