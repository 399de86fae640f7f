"""Mutations of a frame's fields: what no codec's payload can say."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

from trunkline import codecs
from trunkline.types import Frame, ParameterValue, Quantiser

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    28,
    224,
    255,
    2048,
    65535,
    65536,
    1 << 22,
    (1 << 31) - 1,
    (1 << 32) - 1,
)
FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 1e-45, 3.4028234663852886e38, -3.4028234663852886e38),
    *(float("inf"), float("-inf"), float("nan"), 1e300, -1e308),
)
WORDS = ("", "png", "luma", "rgb", "RGB", "\0", "a\nb", "\N{SNOWMAN}" * 40, "x" * 5000, "../png")
BITS = (0, 1, 7, 8, 9, 10, 12, 16, 17, 32, (1 << 32) - 1)


def mutate_fields(frame: Frame, rng: random.Random, others: Sequence[Frame]) -> Frame:
    """The frame with one to three fields changed."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        frame = dataclasses.replace(frame, **rng.choice(CHANGES)(frame, rng, others))
    return frame


def _shape(frame: Frame, rng: random.Random, _: Sequence[Frame]) -> dict[str, Any]:
    shape = list(frame.shape)
    if len(shape) != 3:
        return {}
    kind = rng.randrange(5)
    if kind == 0:
        rng.shuffle(shape)
    elif kind == 1:
        shape[rng.randrange(len(shape))] = rng.choice(NUMBERS)
    elif kind == 2:
        shape[rng.randrange(len(shape))] += rng.choice((-1, 1, 8))
    elif kind == 3:
        shape = rng.choice(([], [1], [1, 1], [*shape, 1], [-1, -1, 1], [1 << 70, 1, 1]))
    else:
        shape = [1, shape[1] * 2, max(shape[0] * shape[2] // 2, 1)]
    return {"shape": tuple(shape)}


def _quantiser(frame: Frame, rng: random.Random, _: Sequence[Frame]) -> dict[str, Any]:
    old = frame.quantiser or Quantiser(0.0, 1.0, 8)
    low = rng.choice((old.min, old.max, rng.choice(FLOATS)))
    high = rng.choice((old.max, old.min, rng.choice(FLOATS)))
    bits = rng.choice((old.bits, 8, 16, rng.choice(BITS)))
    return {"quantiser": None if rng.random() < 0.1 else Quantiser(low, high, bits)}


def _params(frame: Frame, rng: random.Random, _: Sequence[Frame]) -> dict[str, Any]:
    params: dict[str, ParameterValue] = dict(frame.params)
    names = [*params, "qp", "quality", "level", "__class__", ""]
    value: Any = rng.choice((rng.choice(NUMBERS), -1, rng.choice(FLOATS), True, rng.choice(WORDS)))
    kind = rng.randrange(4)
    if kind == 0 and params:
        del params[rng.choice(list(params))]
    elif kind == 1:
        params.update({f"p{number}": value for number in range(rng.choice((1, 64, 65, 1000)))})
    else:
        params[rng.choice(names)] = value
    return {"params": params}


def _codec(frame: Frame, rng: random.Random, others: Sequence[Frame]) -> dict[str, Any]:
    """Another codec's name, with or without what belongs to it."""
    if others and rng.random() < 0.4:
        other = rng.choice(others)
        return {"codec": other.codec, "params": dict(other.params)}
    return {"codec": rng.choice((*(row.id for row in codecs.table()), *WORDS)), "params": {}}


def _payload(frame: Frame, rng: random.Random, others: Sequence[Frame]) -> dict[str, Any]:
    kind = rng.randrange(4)
    if kind == 0 and others:
        return {"payload": rng.choice(others).payload}
    if kind == 1:
        return {"payload": frame.payload + rng.randbytes(rng.choice((1, 2, 100)))}
    if kind == 2:
        return {"payload": frame.payload * 2}
    return {"payload": rng.randbytes(rng.choice((0, 1, 10, 100)))}


def _names(_: Frame, rng: random.Random, __: Sequence[Frame]) -> dict[str, Any]:
    return {rng.choice(("trunk", "cut", "arrangement", "arrangement")): rng.choice(WORDS)}


def _about(_: Frame, rng: random.Random, __: Sequence[Frame]) -> dict[str, Any]:
    """What decoding has no use for."""
    return {
        "digest": rng.choice(("", "ab" * 32, "ff" * 31)),
        "image_size": (rng.choice(NUMBERS), rng.choice(NUMBERS)),
        "capture_time": rng.choice((None, rng.choice(FLOATS))),
    }


def _arrangement(frame: Frame, _: random.Random, __: Sequence[Frame]) -> dict[str, Any]:
    return {"arrangement": "rgb" if frame.arrangement == "luma" else "luma"}


Change = Callable[[Frame, random.Random, Sequence[Frame]], dict[str, Any]]
CHANGES = cast(
    "tuple[Change, ...]",
    (
        _shape,
        _shape,
        _quantiser,
        _quantiser,
        _params,
        _codec,
        _payload,
        _names,
        _about,
        _arrangement,
    ),
)
