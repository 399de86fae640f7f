"""The bare parts of a picture's way, each called alone in a loop.

What the services add to their sum is theirs. Run in a process of its own, so that nothing else's
threads are in the way: `python -m trunkline_benchmarks.latency.bare --pictures DIR ...`, JSON out.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc.aio
from PIL import Image

from trunkline import codecs, engines, quantize, tiling, trunks
from trunkline.codecs import PictureCodec, spelled
from trunkline.errors import ParameterError
from trunkline.types import Samples as Samples8
from trunkline.types import Tensor
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.latency.echo import METHOD
from trunkline_benchmarks.serving import pictures
from trunkline_benchmarks.serving.builder import HOST, free_ports, listens
from trunkline_benchmarks.serving.drive import Door, Load, drive
from trunkline_benchmarks.serving.process import Process
from trunkline_benchmarks.serving.systems import TASKS

Samples = list[float]
T = TypeVar("T")
BITS = 8
WARM_UP = 5
PAYLOAD_BYTES = 4000


@dataclass(frozen=True)
class Bare:
    """What is measured with what."""

    trunk: str
    set: str
    engine: str
    threads: int
    rounds: int

    def timed(self, call: Callable[[T], object], items: Sequence[T]) -> Samples:
        """Milliseconds of `call` for each item, `rounds` times over all; some more come before."""
        for item in (list(items) * WARM_UP)[:WARM_UP]:
            call(item)
        found = []
        for item in list(items) * self.rounds:
            began = time.perf_counter()
            call(item)
            found.append((time.perf_counter() - began) * 1e3)
        return found

    def networks(self, posted: Sequence[bytes]) -> tuple[dict[str, Samples], list[Tensor]]:
        """Samples of decoder and engine, and the features of the pictures."""
        trunk = trunks.load(self.trunk, self.set, engine=self.engine, threads=self.threads)
        batches = [trunk.preprocess(_decode(data))[None] for data in posted]  # (1, 3, H, W) each
        tensors = [trunk.forward(batch)[0] for batch in batches]
        found = {
            "decoder": self.timed(_decode, posted),
            "trunk": self.timed(trunk.forward, batches),
        }
        for task in TASKS:
            path = ModelStore.default().tail(self.trunk, self.set, task).verified_path()
            tail = engines.load(self.engine, path, threads=self.threads)
            found[f"tail {task}"] = self.timed(tail.run, [tensor[None] for tensor in tensors])
        return found, tensors

    def codec(self, name: str, tensors: Sequence[Tensor]) -> dict[str, Samples]:
        """Samples of a picture codec's own calls, on mosaics that are there already."""
        codec = _picture_codec(name)
        planes = [tiling.mosaic(quantize.minmax(tensor).samples) for tensor in tensors]
        shape = planes[0].shape

        def encode(plane: Samples8) -> bytes:
            return codec.encode(plane, BITS)

        def decode(payload: bytes) -> Samples8:
            return codec.decode(payload, shape, BITS)

        payloads = [encode(plane) for plane in planes]
        return {
            f"encode {name}": self.timed(encode, planes),
            f"decode {name}": self.timed(decode, payloads),
        }


def _picture_codec(name: str) -> PictureCodec:
    """`id:name=value,...`. Raises ParameterError for a feature codec, which has other parts."""
    id, params = spelled.parse(name)
    codec = codecs.get(id, **params)
    if not isinstance(codec, PictureCodec):
        raise ParameterError(f"{name} is no picture codec: expected one")
    return codec


def loopback(posted: Sequence[bytes], payload: int, rounds: int, logs: Path) -> dict[str, Samples]:
    """An HTTP call with a picture and a gRPC call with `payload` bytes, answered at once."""
    port, grpc_port = free_ports(2)
    command = [sys.executable, "-m", "trunkline_benchmarks.latency.echo"]
    flags = ["--port", str(port), "--grpc-port", str(grpc_port)]
    with Process("echo", [*command, *flags], logs) as process:
        process.wait(lambda: listens(port) and listens(grpc_port))
        door = Door(f"http://{HOST}:{port}/")
        drive(door, posted, Load(1, WARM_UP))
        http = [call.ms for call in drive(door, posted, Load(1, rounds * len(posted))).calls]
        calls = asyncio.run(_grpc_samples(grpc_port, bytes(payload), rounds * len(posted)))
    return {"HTTP call": http, "gRPC call": calls}


async def _grpc_samples(port: int, payload: bytes, count: int) -> Samples:
    async with grpc.aio.insecure_channel(f"{HOST}:{port}") as channel:
        call = channel.unary_unary(METHOD)
        found = []
        for _ in range(count + WARM_UP):
            began = time.perf_counter()
            await call(payload)
            found.append((time.perf_counter() - began) * 1e3)
    return found[WARM_UP:]


def _decode(data: bytes) -> Image.Image:
    """Pillow alone, none of our checks."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image.convert("RGB")


def main() -> None:
    """Print the samples as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="folder of JPEG files (the demo's)")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--trunk", default="mobilenet_v2")
    parser.add_argument("--set", default="keras-160")
    parser.add_argument("--engine", default=engines.DEFAULT_ENGINE)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--codecs", nargs="+", default=[])
    parser.add_argument("--logs", type=Path, default=Path("out/benchmark-logs"))
    given = parser.parse_args()
    posted = pictures.read(given.images, given.limit)
    bare = Bare(given.trunk, given.set, given.engine, given.threads, given.rounds)
    samples, tensors = bare.networks(posted)
    for name in given.codecs:
        samples |= bare.codec(name, tensors)
    samples |= loopback(posted, PAYLOAD_BYTES, given.rounds, given.logs)
    print(json.dumps(samples))


if __name__ == "__main__":
    main()
