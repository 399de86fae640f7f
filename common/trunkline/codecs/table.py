"""The codecs by id. A new codec is one file here and one line in CODECS."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from trunkline.codecs.abc import Codec, FeatureCodec, PictureCodec
from trunkline.codecs.mosaic import MosaicCodec
from trunkline.errors import LONGEST_NAME, MissingExtraError, ParameterError, UnknownNameError
from trunkline.text import one_line
from trunkline.tiling import DEFAULT_ARRANGEMENT
from trunkline.types import ParameterValue

CODECS = {
    "avif": "trunkline.codecs.avif:Avif",
    "bpg": "trunkline.codecs.bpg:Bpg",
    "heif": "trunkline.codecs.heif:Heif",
    "jpeg": "trunkline.codecs.jpeg:Jpeg",
    "jpeg2000": "trunkline.codecs.jpeg2000:Jpeg2000",
    "jpegxl": "trunkline.codecs.jpegxl:JpegXl",
    "png": "trunkline.codecs.png:Png",
    "raw": "trunkline.codecs.raw:Raw",
    "webp": "trunkline.codecs.webp:Webp",
}


@dataclass(frozen=True)
class CodecInfo:
    """What a user may know of a codec before choosing it."""

    id: str
    kind: str
    lossy: bool
    parameters: dict[str, dict[str, Any]]
    available: bool
    extra: str
    suffix: str
    media_type: str


def get(id: str, **params: ParameterValue) -> PictureCodec | FeatureCodec:
    """The codec called `id` with these parameters, the others at their defaults.

    Raises UnknownNameError, ParameterError (both list what is allowed), MissingExtraError.
    """
    kind = _load(id)
    known = [field.name for field in dataclasses.fields(kind)]
    for name in params:
        if name not in known:
            allowed = ", ".join(known) or "none"
            shown = one_line(name, LONGEST_NAME)
            raise ParameterError(f"{id} has no parameter {shown!r}: it takes {allowed}")
    if not _available(kind):
        raise MissingExtraError(f"codec {id}", kind.extra)
    return kind(**params)  # type: ignore[return-value]


def feature(
    id: str, *, arrangement: str = DEFAULT_ARRANGEMENT, bits: int = 8, **params: ParameterValue
) -> FeatureCodec:
    """The codec called `id` as the pipeline wants it: a picture codec comes in its adapter.

    `arrangement` and `bits` are the adapter's; a feature codec has its own way for both.
    """
    return as_feature(get(id, **params), arrangement=arrangement, bits=bits)


def as_feature(
    codec: PictureCodec | FeatureCodec, *, arrangement: str = DEFAULT_ARRANGEMENT, bits: int = 8
) -> FeatureCodec:
    """A feature codec as it is, a picture codec in the adapter of the published seven steps."""
    if isinstance(codec, FeatureCodec):
        return codec
    return MosaicCodec(codec, arrangement, bits)


def table() -> list[CodecInfo]:
    """Every known codec, available here or not, sorted by id."""
    return [info(id) for id in sorted(CODECS)]


def info(id: str) -> CodecInfo:
    """One codec's row of the table. Raises UnknownNameError."""
    return _describe(_load(id))


def parameter_types() -> Mapping[str, str]:
    """Every parameter of every codec, with its type's name."""
    return _types_of(tuple(CODECS))


@cache
def _types_of(ids: tuple[str, ...]) -> Mapping[str, str]:
    # every request asks for it: gathered once
    fields = (field for id in ids for field in dataclasses.fields(_load(id)))
    return MappingProxyType({field.name: type(field.default).__name__ for field in fields})


def recognise(payload: bytes) -> PictureCodec | None:
    """The picture codec whose files begin as `payload` does, with its defaults; None if none.

    Raises MissingExtraError where it is known but not installed.
    """
    for id in sorted(CODECS):
        kind = _load(id)
        if issubclass(kind, PictureCodec) and kind.owns(payload):
            codec = get(id)
            return codec if isinstance(codec, PictureCodec) else None
    return None


def _load(id: str) -> type[Codec]:
    """The class behind an id; its module imports no optional library."""
    if id not in CODECS:
        raise UnknownNameError("codec", id, list(CODECS))
    module, name = CODECS[id].split(":")
    kind: type[Codec] = getattr(import_module(module), name)
    return kind


def _available(kind: type[Codec]) -> bool:
    """Whether the codec's libraries are installed."""
    return all(find_spec(name) is not None for name in kind.requires)


def _describe(kind: type[Codec]) -> CodecInfo:
    """The table row of one codec class."""
    parameters = {
        field.name: {
            "type": type(field.default).__name__,
            "min": field.metadata["low"],
            "max": field.metadata["high"],
            "default": field.default,
        }
        for field in dataclasses.fields(kind)
    }
    return CodecInfo(
        id=kind.id,
        kind=kind.kind,
        lossy=kind.lossy,
        parameters=parameters,
        available=_available(kind),
        extra=kind.extra,
        suffix=kind.suffix,
        media_type=kind.media_type,
    )
