"""A slow link between edge and cloud, on this machine: a proxy with a rate and a delay.

    python -m trunkline_benchmarks.serving.uplink --mbit 5 --delay-ms 20 --forward 6001=50051

What clients send to all forwarded ports passes one token bucket, as it would one uplink; what comes
back is delayed alone, as downlinks are wide. TCP's own behaviour on a long link (slow start, loss)
is not imitated: connections are kept open, and frames are smaller than a first window.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

HOST = "127.0.0.1"
PIECE_BYTES = 1500
"""An Ethernet frame's load: a piece that waits does not hold back what another sends meanwhile."""


class Link:
    """One direction: bytes leave it at a rate, and arrive a delay later."""

    def __init__(self, bits_per_s: float, delay_s: float) -> None:
        """`bits_per_s` 0 for no limit."""
        self._bits_per_s = bits_per_s
        self._delay_s = delay_s
        self._free_at = 0.0

    def arrival(self, count: int) -> float:
        """When `count` bytes that are sent now will have arrived, by `time.monotonic`."""
        begin = max(time.monotonic(), self._free_at)
        self._free_at = begin + (count * 8 / self._bits_per_s if self._bits_per_s else 0.0)
        return self._free_at + self._delay_s


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
    """Hand on what comes, each piece when it has arrived."""
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    deliverer = asyncio.create_task(_deliver(pieces, writer))
    try:
        while data := await reader.read(PIECE_BYTES):
            pieces.put_nowait((link.arrival(len(data)), data))
        pieces.put_nowait((link.arrival(0), b""))
        await deliverer
    finally:
        deliverer.cancel()


async def _deliver(
    pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    while True:
        at, data = await pieces.get()
        await asyncio.sleep(at - time.monotonic())
        if not data:
            return
        writer.write(data)
        await writer.drain()


async def _connect(
    up: Link,
    down: Link,
    port: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """One client's connection and ours to the server; when one side ends, so does the other."""
    with suppress(OSError):
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
        pumps = [
            asyncio.create_task(_pump(reader, far_writer, up)),
            asyncio.create_task(_pump(far_reader, writer, down)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            far_writer.close()
    writer.close()


async def serve(mbit: float, delay_ms: float, forwards: Sequence[tuple[int, int]]) -> None:
    """Forward every (port here, port there) until cancelled."""
    up = Link(mbit * 1e6, delay_ms / 1e3)
    servers = []
    for here, there in forwards:
        down = Link(0.0, delay_ms / 1e3)
        handler = partial(_connect, up, down, there)
        servers.append(await asyncio.start_server(handler, HOST, here))
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _forward(text: str) -> tuple[int, int]:
    here, _, there = text.partition("=")
    return int(here), int(there)


def main() -> None:
    """Forward until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mbit", type=float, required=True, help="0 for no limit")
    parser.add_argument("--delay-ms", type=float, required=True, help="each way")
    parser.add_argument("--forward", type=_forward, nargs="+", required=True, help="HERE=THERE")
    arguments = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.mbit, arguments.delay_ms, arguments.forward))


if __name__ == "__main__":
    main()
