"""Mutations of files by their parts: what is inside changes, what stands around it stays right."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence

from tests.fuzz import formats
from tests.fuzz.bytes_mutations import LONGEST, mutate
from tests.fuzz.formats import BOXES, FORMATS, Format, Part

Parts = list[Part]
MOST_COPIES = 200


def mutate_parts(codec: str, data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Change one part of a file of `codec`, or the row of its parts.

    Raises ValueError for a file that does not come apart.
    """
    form = FORMATS[codec]
    strangers = [part for other in others[:2] for part in _parts(form, other)]
    changed = _change(form, data, rng, strangers)
    for _ in range(rng.choice((0, 0, 1, 3))):
        changed = _change(form, changed, rng, strangers)
    return (form.mend(data, changed) if form.mend else changed)[:LONGEST]


def _change(form: Format, data: bytes, rng: random.Random, strangers: Parts) -> bytes:
    parts = form.split(data)
    if not parts:
        return data
    change = rng.choice((*(_content,) * 8, _drop, _double, _swap, _stranger, _type, _many))
    change(form, parts, rng, strangers)
    return form.join(parts)


def _parts(form: Format, data: bytes) -> Parts:
    try:
        return form.split(data)
    except ValueError:
        return []


def _content(form: Format, parts: Parts, rng: random.Random, strangers: Parts) -> None:
    """A part's content: boxes inside boxes, unpacked pixels, or plain bytes."""
    at = rng.randrange(len(parts))
    kind, body = parts[at]
    if kind in BOXES and form.split is formats.split_boxes:
        prefix = BOXES[kind]
        try:
            body = body[:prefix] + _change(form, body[prefix:], rng, strangers)
        except ValueError:
            body = mutate(body, rng)
    elif kind == b"IDAT" and rng.random() < 0.7:
        body = _pixels(body, rng)
    else:
        body = mutate(body, rng, keep=rng.choice((0, 0, len(body) // 4)), most=4)
    parts[at] = kind, body


def _pixels(body: bytes, rng: random.Random) -> bytes:
    """A sound zlib stream of other rows: filters, too many bytes, too few."""
    try:
        rows = zlib.decompress(body)
    except zlib.error:
        return body
    return zlib.compress(mutate(rows, rng, most=4), rng.choice((0, 1, 9)))


def _drop(_: Format, parts: Parts, rng: random.Random, __: Parts) -> None:
    del parts[rng.randrange(len(parts))]


def _double(_: Format, parts: Parts, rng: random.Random, __: Parts) -> None:
    parts.insert(rng.randrange(len(parts) + 1), rng.choice(parts))


def _swap(_: Format, parts: Parts, rng: random.Random, __: Parts) -> None:
    left, right = rng.randrange(len(parts)), rng.randrange(len(parts))
    parts[left], parts[right] = parts[right], parts[left]


def _stranger(_: Format, parts: Parts, rng: random.Random, strangers: Parts) -> None:
    if strangers:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(strangers))


def _type(_: Format, parts: Parts, rng: random.Random, strangers: Parts) -> None:
    """Another type for a part: one that the file has, one it may have, or none at all."""
    at = rng.randrange(len(parts))
    known = [kind for kind, _ in [*parts, *strangers] if kind] + list(OPTIONAL)
    kind, body = parts[at]
    wanted = [other for other in known if len(other) == len(kind)] or [kind]
    parts[at] = rng.choice((rng.choice(wanted), mutate(kind, rng, most=1)[:4].ljust(1))), body


def _many(_: Format, parts: Parts, rng: random.Random, __: Parts) -> None:
    at = rng.randrange(len(parts))
    copies = min(rng.randint(2, MOST_COPIES), max(LONGEST // 4 // (len(parts[at][1]) + 12), 2))
    parts[at:at] = [parts[at]] * copies


OPTIONAL = (
    *(b"tRNS", b"PLTE", b"gAMA", b"iCCP", b"zTXt", b"tEXt", b"eXIf", b"acTL", b"fcTL", b"fdAT"),
    *(b"sRGB", b"bKGD", b"hIST", b"sPLT", b"VP8X", b"VP8L", b"VP8 ", b"ALPH", b"ANIM", b"ANMF"),
    *(b"ICCP", b"EXIF", b"iref", b"irot", b"imir", b"clap", b"auxC", b"grpl", b"idat", b"moov"),
    *(b"grid", b"iovl", b"colr", b"pixi", b"pasp", b"av1C", b"hvcC", b"lsel", b"a1op", b"a1lx"),
    *(b"\xc1", b"\xc2", b"\xc3", b"\xc9", b"\xdc", b"\xdd", b"\xe2", b"\xee", b"\xfe"),
    *(b"\x53", b"\x57", b"\x58", b"\x5d", b"\x5e", b"\x5f", b"\x60", b"\x61", b"\x63"),
)
"""Types that the formats know, honest files hold seldom or never, and decoders act on."""

Change = Callable[[Format, Parts, random.Random, Parts], None]
