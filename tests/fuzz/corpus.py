"""Writes the checked-in seeds: `python -m tests.fuzz corpus`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fuzz import built, seeds
from tests.fuzz.seeds import ODD, SINGLE, WHOLE, WIDE, Setting
from trunkline import codecs, pipeline, wire
from trunkline.errors import CorruptFrameError
from trunkline.types import Frame

EVERY_SIZE = (SINGLE, ODD, WIDE)


def write(*, anew: bool = False) -> list[str]:
    """Make the seeds that are missing, or all of them `anew`, and say what each decodes to.

    Old seeds stay: they have to decode for ever to what they did. Returns the names written.
    """
    seeds.FOLDER.mkdir(exist_ok=True)
    for path in seeds.FOLDER.glob("*.frame") if anew else ():
        path.unlink()
    entries = seeds.index() if seeds.INDEX.exists() and not anew else {}
    written = []
    for name, frame in frames():
        if name not in entries:
            (seeds.FOLDER / f"{name}.frame").write_bytes(wire.frame_to_bytes(frame))
            entries[name] = _entry(frame)
            written.append(name)
    seeds.INDEX.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
    return written


def frames() -> Iterator[tuple[str, Frame]]:
    """Every seed's name and frame."""
    for setting in settings():
        yield setting.name, setting.make()
    for name, payload, plane in built.files():
        yield name, seeds.picture_frame(name.split("-")[0], payload, plane)


def settings() -> Iterator[Setting]:
    """Every codec with several of its parameters, depths and arrangements, and every size."""
    for info in codecs.table():
        choices = PARAMETERS.get(info.id, [{}])
        if info.kind != "picture":
            yield from (Setting(info.id, params, WHOLE) for params in choices)
            continue
        for params in choices:
            yield Setting(info.id, params)
        yield Setting(info.id, choices[0], arrangement="rgb")
        for shape in (*EVERY_SIZE, WHOLE):
            yield Setting(info.id, choices[0], shape)
        for bits in built.picture_codec(info.id).bits[1:]:
            yield Setting(info.id, choices[-1], bits=bits)
            yield Setting(info.id, choices[0], WIDE, bits, "rgb")
    for bits in (8, 10):
        yield Setting("bpg", {"ycc420": True}, WIDE, bits, "rgb")


PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "png": [{"level": 6}, {"level": 0}, {"level": 9}],
    "webp": [
        *({"quality": 40}, {"quality": 100, "method": 6}, {"quality": 5, "method": 0}),
        *({"lossless": True}, {"lossless": True, "quality": 0, "method": 0}),
    ],
    "avif": [{"quality": 40}, {"quality": 99, "speed": 4}, {"quality": 5}],
    "heif": [{"quality": 40}, {"quality": 100}, {"quality": 5}],
    "jpeg": [{"quality": 50}, {"quality": 100}, {"quality": 1}],
    "jpeg2000": [{"psnr": 32}, {"psnr": 60}, {"lossless": True}],
    "jpegxl": [
        *({"distance": 3.0}, {"distance": 0.1, "effort": 7}, {"distance": 20.0, "effort": 1}),
        *({"lossless": True, "effort": 1}, {"lossless": True, "effort": 7}, {"lossless": True}),
    ],
    "bpg": [
        *({"qp": 35}, {"qp": 0}, {"qp": 51}, {"qp": 20, "effort": 0}, {"qp": 28, "effort": 3}),
        *({"lossless": True, "effort": 0}, {"lossless": True}),
    ],
}


def _entry(frame: Frame) -> dict[str, Any]:
    """What the seed decodes to: a digest where every machine agrees, else some of its numbers."""
    try:
        tensor = pipeline.unpack(frame)
    except CorruptFrameError:
        return {"refused": True}
    if frame.codec in seeds.EXACT or frame.params.get("lossless"):
        return {"sha256": seeds.digest(tensor)}
    return {"mean": float(tensor.mean()), "deviation": float(tensor.std())}
