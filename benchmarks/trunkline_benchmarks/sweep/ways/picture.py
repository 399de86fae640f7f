"""`picture`: the picture itself, squashed as the trunk takes it, through the whole network.

What split inference has to beat. Each format is coded as its users do: JPEG, WebP and AVIF by
Pillow with halved chroma, BPG by the library's codec.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, features

from trunkline import codecs
from trunkline.codecs.abc import PictureCodec
from trunkline.errors import ParameterError, UnknownNameError
from trunkline.timing import Stopwatch
from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.ways.abc import Arrival, Pixels, Source, Way

PILLOW = {"jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
"""Pillow's names; its defaults halve the chroma in all three."""
FORMATS = (*PILLOW, "bpg")


class Picture(Way):
    """`params` are `quality` for Pillow's formats, the codec's own for `bpg`."""

    def __init__(self, setting: Setting) -> None:
        if setting.codec not in FORMATS:
            raise UnknownNameError("format of pictures", setting.codec, list(FORMATS))
        kind = _Pillow if setting.codec in PILLOW else _Library
        self._coder: _Pillow | _Library = kind(setting)

    def send(self, source: Source) -> Arrival:
        """Code, decode, and run the trunk on what arrives."""
        watch, trunk = Stopwatch(), source.trunk
        pixels = source.pixels
        with watch.stage("encode"):
            payload = self._coder.encode(pixels)
        with watch.stage("decode"):
            decoded = self._coder.decode(payload, pixels.shape)
        image = trunk.preprocess(Image.fromarray(decoded))
        (tensor,) = trunk.forward(image[None])
        return Arrival(
            len(payload), tensor, encode_ms=watch.ms["encode"], decode_ms=watch.ms["decode"]
        )


class _Pillow:
    def __init__(self, setting: Setting) -> None:
        self._format = PILLOW[setting.codec]
        if self._format != "JPEG" and not features.check(setting.codec):
            raise ParameterError(
                f"this Pillow was built without {setting.codec}: install its wheel"
            )
        self._params = _quality(setting)

    def encode(self, pixels: Pixels) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, self._format, **self._params)
        return buffer.getvalue()

    def decode(self, payload: bytes, shape: tuple[int, ...]) -> Pixels:
        with Image.open(io.BytesIO(payload), formats=[self._format]) as image:
            return np.asarray(image.convert("RGB"))


class _Library:
    def __init__(self, setting: Setting) -> None:
        codec = codecs.get(setting.codec, **setting.params)
        if not isinstance(codec, PictureCodec):
            raise ParameterError(f"{setting.codec} codes no pictures: choose another format")
        self._codec = codec

    def encode(self, pixels: Pixels) -> bytes:
        return self._codec.encode(pixels)

    def decode(self, payload: bytes, shape: tuple[int, ...]) -> Pixels:
        return self._codec.decode(payload, shape).astype(np.uint8, copy=False)


def _quality(setting: Setting) -> dict[str, Any]:
    """Pillow's parameters. Raises ParameterError for any but a quality from 0 to 100."""
    unknown = sorted(set(setting.params) - {"quality"})
    if unknown:
        raise ParameterError(f"picture {setting.codec} has no {unknown[0]!r}: it takes quality")
    quality = setting.params.get("quality", 75)
    if not isinstance(quality, int) or not 0 <= quality <= 100:
        raise ParameterError(f"picture {setting.codec}: quality is {quality!r}: expected 0 to 100")
    return {"quality": quality}
