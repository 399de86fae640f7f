"""Mutations that know nothing of a format: bits, bytes, numbers, blocks."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

INTERESTING = (0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 200, 254, 255)
EDGES = (0, 1, -1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000)
LONGEST_BLOCK = 64
LONGEST = 1 << 20
"""Bytes; what a task receives at most unless told otherwise."""

Change = Callable[[bytearray, random.Random, int, Sequence[bytes]], None]


def mutate(
    data: bytes, rng: random.Random, keep: int = 0, others: Sequence[bytes] = (), most: int = 8
) -> bytes:
    """Change `data` in 1 to `most` places behind its first `keep` bytes.

    `others` are what blocks may be taken from.
    """
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, most))):
        rng.choice(CHANGES)(changed, rng, min(keep, len(changed)), others)
    return bytes(changed[:LONGEST])


def _place(data: bytearray, rng: random.Random, keep: int, width: int = 1) -> int | None:
    """Where `width` bytes may be changed; None where there are not as many."""
    last = len(data) - width
    return None if last < keep else rng.randint(keep, last)


def _block(data: bytes | bytearray, rng: random.Random, keep: int = 0) -> bytes:
    """A block of the data."""
    if len(data) <= keep:
        return b""
    at = rng.randrange(keep, len(data))
    return bytes(data[at : at + rng.randint(1, LONGEST_BLOCK)])


def _flip_bit(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = _place(data, rng, keep)
    if at is not None:
        data[at] ^= 1 << rng.randrange(8)


def _replace_byte(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = _place(data, rng, keep)
    if at is not None:
        data[at] = rng.randrange(256)


def _interesting_byte(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = _place(data, rng, keep)
    if at is not None:
        data[at] = rng.choice(INTERESTING)


def _add_to_byte(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = _place(data, rng, keep)
    if at is not None:
        data[at] = (data[at] + rng.choice((-16, -2, -1, 1, 2, 16))) % 256


def _number(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    """A 2-, 4- or 8-byte field set to an edge, or moved a little: lengths, sizes, counts."""
    width, order = rng.choice((2, 4, 4, 8)), rng.choice(("big", "little"))
    at = _place(data, rng, keep, width)
    if at is None:
        return
    old = int.from_bytes(data[at : at + width], order)  # type: ignore[arg-type]
    new = rng.choice((rng.choice(EDGES), old + rng.randint(-8, 8), old * 2, len(data)))
    data[at : at + width] = (new % (1 << 8 * width)).to_bytes(width, order)  # type: ignore[arg-type]


def _delete(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = _place(data, rng, keep)
    if at is not None:
        del data[at : at + rng.randint(1, LONGEST_BLOCK)]


def _insert(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = rng.randint(keep, len(data))
    run = bytes([rng.choice((0, 255, rng.randrange(256)))]) * rng.randint(1, LONGEST_BLOCK)
    data[at:at] = rng.choice((run, rng.randbytes(rng.randint(1, 8))))


def _duplicate(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    at = rng.randint(keep, len(data))
    data[at:at] = _block(data, rng, keep) * rng.choice((1, 1, 1, 2, 16))


def _overwrite(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    block = _block(data, rng, keep)
    at = _place(data, rng, keep, max(len(block), 1))
    if at is not None:
        data[at : at + len(block)] = block


def _splice(data: bytearray, rng: random.Random, keep: int, others: Sequence[bytes]) -> None:
    """A block of another file in the place of one of ours, or all of its end."""
    if not others:
        return
    other = rng.choice(others)
    at = rng.randint(keep, len(data))
    if rng.random() < 0.3:
        data[at:] = other[at:]
    else:
        block = _block(other, rng)
        data[at : at + rng.choice((0, len(block)))] = block


def _truncate(data: bytearray, rng: random.Random, keep: int, _: Sequence[bytes]) -> None:
    if len(data) > keep:
        del data[rng.randrange(keep, len(data)) :]


CHANGES: tuple[Change, ...] = (
    *(_flip_bit, _flip_bit, _replace_byte, _replace_byte, _interesting_byte, _add_to_byte),
    *(_number, _number, _delete, _insert, _duplicate, _overwrite, _splice, _truncate),
)
