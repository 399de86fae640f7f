"""Mutant number k of seed s: the same frame wherever the corpus is the same."""

from __future__ import annotations

import dataclasses
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz import bombs, bpg_mutations, bytes_mutations, fields, part_mutations, sizes
from tests.fuzz.seeds import Seed
from trunkline import tiling, wire
from trunkline.types import Frame, Shape
from trunkline.v1 import trunkline_pb2 as pb

PREFIXES = (4, 12, 16, 26, 32, 48, 64, 128, 200)
"""Bytes that a change may leave alone, so that a header stays whole."""


@dataclass(frozen=True)
class Mutant:
    """A frame to be undone: bytes of the wire, or a frame in memory that no wire can carry."""

    codec: str
    seed: str
    way: str
    frame: bytes | Frame


class Maker:
    """Makes mutants of a corpus. Codecs take turns, so an index belongs to one codec."""

    def __init__(self, corpus: dict[str, list[Seed]], seed: int) -> None:
        self._corpus = {id: seeds for id, seeds in sorted(corpus.items()) if seeds}
        self._ids = list(self._corpus)
        self._all = [seed.frame for seeds in self._corpus.values() for seed in seeds]
        self._payloads = {
            id: [seed.frame.payload for seed in seeds] for id, seeds in self._corpus.items()
        }
        self._seed = seed

    def make(self, index: int) -> Mutant:
        """Mutant number `index`."""
        rng = random.Random(f"{self._seed}/{index}")
        codec = self._ids[index % len(self._ids)]
        seed = rng.choice(self._corpus[codec])
        (way,) = rng.choices(list(WAYS), [weight for weight, _ in WAYS.values()])
        changed: bytes | Frame = WAYS[way][1](self, codec, seed.frame, rng)
        if way == "wire":
            changed = _damaged(seed.data, rng)
        elif isinstance(changed, Frame) and rng.random() < 0.8:
            changed = _on_the_wire(changed)
        return Mutant(codec, seed.name, way, changed)

    def _bytes(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        keep = rng.choice((0, *PREFIXES, len(frame.payload) // 2))
        others = self._payloads[codec]
        payload = bytes_mutations.mutate(frame.payload, rng, keep, others)
        return dataclasses.replace(frame, payload=payload)

    def _parts(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        others = [rng.choice(self._payloads[codec]) for _ in range(2)]
        try:
            if codec == "bpg":
                payload = bpg_mutations.mutate_bpg(frame.payload, rng, others)
            else:
                payload = part_mutations.mutate_parts(codec, frame.payload, rng, others)
        except (KeyError, ValueError, struct.error):  # no parts: a codec without, a file that lies
            return self._bytes(codec, frame, rng)
        return dataclasses.replace(frame, payload=payload)

    def _sized(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        """Another size in the header, and in the frame too more often than not."""
        shape = _another_shape(frame.shape, rng)
        height, width = tiling.plane_shape(shape)
        try:
            payload = sizes.resized(codec, frame.payload, height, width)
        except (ValueError, struct.error):
            payload = None
        if payload is None:
            return self._bytes(codec, dataclasses.replace(frame, shape=shape), rng)
        agrees = rng.random() < 0.8
        return dataclasses.replace(frame, payload=payload, shape=shape if agrees else frame.shape)

    def _bomb(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        try:
            payload = bombs.bomb(codec, frame.payload, rng)
        except (KeyError, IndexError, ValueError, struct.error):
            return self._bytes(codec, frame, rng)
        return dataclasses.replace(frame, payload=payload)

    def _fields(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        return fields.mutate_fields(frame, rng, self._all)

    def _wire(self, codec: str, frame: Frame, rng: random.Random) -> Frame:
        return frame  # changed once it is bytes


def _another_shape(shape: Shape, rng: random.Random) -> Shape:
    channels, height, width = shape
    kind = rng.randrange(4)
    if kind == 0:
        return channels, max(height + rng.choice((-1, 1, 9)), 1), width
    if kind == 1:
        return channels, height, max(width + rng.choice((-1, 1, 9)), 1)
    if kind == 2:
        return 1, rng.choice((1, 7, 64, 300, 1024)), rng.choice((1, 9, 65, 500, 1024))
    return channels * 2, height, width


def _on_the_wire(frame: Frame) -> bytes | Frame:
    """The frame as bytes, its checksum right; itself where its fields do not fit into bytes."""
    try:
        return wire.frame_to_bytes(frame)
    except (ValueError, TypeError, OverflowError):
        return frame


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """Damage anywhere in the message; the payload's checksum is made right where there is one."""
    changed = bytes_mutations.mutate(data, rng, most=4)
    message = pb.Frame()
    try:
        message.ParseFromString(changed)
    except Exception:  # DecodeError, whose name differs between protobuf's implementations
        return changed
    message.payload_crc32 = zlib.crc32(message.payload)
    return message.SerializeToString()


Way = Callable[[Maker, str, Frame, random.Random], Frame]
WAYS: dict[str, tuple[int, Way]] = {
    "bytes": (36, Maker._bytes),
    "parts": (36, Maker._parts),
    "sized": (6, Maker._sized),
    "bomb": (4, Maker._bomb),
    "fields": (10, Maker._fields),
    "wire": (8, Maker._wire),
}
"""How a mutant is made, and how many in a hundred."""
