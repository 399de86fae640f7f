"""Mutations of BPG files by their fields and HEVC units, lengths made right again."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence

from tests.fuzz import bpg_file
from tests.fuzz.bpg_file import BpgFile
from tests.fuzz.bytes_mutations import LONGEST, mutate

UNIT_TYPES = (0, 1, 16, 18, 19, 20, 21, 22, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 48, 63)


def mutate_bpg(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Change a field, a parameter set, a slice or the row of units.

    Raises ValueError for a file that does not come apart.
    """
    file = bpg_file.parse(data)
    other = bpg_file.parse(rng.choice(others)) if others else file
    file = dataclasses.replace(file, open_ended=rng.random() < 0.7)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        file = rng.choice(CHANGES)(file, rng, other)
    return file.write()[:LONGEST]


def _head(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    name, width = rng.choice(bpg_file.HEAD)
    head = {**file.head, name: bpg_file.any_value(width, file.head[name], rng)}
    extension = mutate(b"\1\2ab\5\0", rng) if head["extension"] else b""
    return dataclasses.replace(file, head=head, extension=extension)


def _tools(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    name, width, old = rng.choice(file.tools)
    return bpg_file.with_tools(file, **{name: bpg_file.any_value(width, old, rng)})


def _optional_tools(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    """PCM or the range extension, switched on with fields that belong together more or less."""
    if rng.random() < 0.5:
        depth = rng.choice((7, rng.randrange(16)))
        return bpg_file.with_pcm(file, depth, depth, rng.randrange(4), rng.randrange(3), 1)
    return bpg_file.with_range_flags(file, rng.randrange(512) & rng.choice((511, 0b101110110)))


def _unit(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    """The content of a unit behind its header, emulation prevention made right again."""
    at = rng.randrange(len(file.units))
    plain = bpg_file.unescape(file.units[at])
    keep = rng.choice((2, 3, 4, 6, 10, 20))
    return _with_unit(file, at, bpg_file.escape(mutate(plain, rng, keep=keep, most=4)))


def _bits(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    """A few bits of a unit, parameter sets and slice headers more often than the rest."""
    at = rng.randrange(len(file.units))
    plain = bytearray(bpg_file.unescape(file.units[at]))
    for _count in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(2, max(min(len(plain), rng.choice((8, 16, 1 << 20))), 3))
        if place < len(plain):
            plain[place] ^= 1 << rng.randrange(8)
    return _with_unit(file, at, bpg_file.escape(bytes(plain)))


def _unit_header(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    at = rng.randrange(len(file.units))
    header = bytes([rng.choice(UNIT_TYPES) << 1, rng.choice((1, 1, 0, 2, 9))])
    return _with_unit(file, at, header + file.units[at][2:])


def _row(file: BpgFile, rng: random.Random, other: BpgFile) -> BpgFile:
    """Units dropped, doubled, moved, or taken from another file."""
    units = list(file.units)
    at = rng.randrange(len(units))
    kind = rng.randrange(5)
    if kind == 0 and len(units) > 1:
        del units[at]
    elif kind == 1:
        units[at:at] = [units[at]] * rng.choice((1, 2, 70))
    elif kind == 2:
        units[at] = rng.choice(other.units)
    elif kind == 3:
        units.insert(rng.randint(0, len(units)), rng.choice(other.units))
    else:
        rng.shuffle(units)
    return dataclasses.replace(file, units=tuple(units))


def _further_slice(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    """A copy of the slice that says it is not the first; what follows is then its address."""
    plain = bytearray(bpg_file.unescape(file.units[-1]))
    if len(plain) > 3:
        plain[2] &= 0x7F
        plain[3] ^= rng.randrange(256)
    return dataclasses.replace(file, units=(*file.units, bpg_file.escape(bytes(plain))))


def _cut(file: BpgFile, rng: random.Random, _: BpgFile) -> BpgFile:
    at = rng.randrange(len(file.units))
    return _with_unit(file, at, file.units[at][: rng.randint(2, max(len(file.units[at]), 2))])


def _with_unit(file: BpgFile, at: int, unit: bytes) -> BpgFile:
    units = (*file.units[:at], unit or b"\x28", *file.units[at + 1 :])
    return dataclasses.replace(file, units=units)


CHANGES: tuple[Callable[[BpgFile, random.Random, BpgFile], BpgFile], ...] = (
    *(_unit, _unit, _unit, _unit, _bits, _bits, _bits, _tools, _tools, _optional_tools),
    *(_head, _unit_header, _row, _further_slice, _cut),
)
