"""Which settings of which codecs are measured: curves over a codec's own quality parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from trunkline import codecs
from trunkline.codecs import FeatureCodec, PictureCodec
from trunkline.types import ParameterValue
from trunkline_benchmarks import machine
from trunkline_benchmarks.journal import fingerprint

Params = dict[str, ParameterValue]


@dataclass(frozen=True)
class Setting:
    """One point of the curve `curve`: a codec with all that was chosen of its parameters."""

    curve: str
    codec: str
    params: Mapping[str, ParameterValue] = field(default_factory=dict)
    bits: int = 8
    point: str = ""
    timed: bool = True

    @property
    def name(self) -> str:
        """The setting's name in results: its curve, and which point of it."""
        return f"{self.curve} {self.point}".rstrip()

    def made(self) -> PictureCodec | FeatureCodec:
        """The codec itself. Raises MissingExtraError, ParameterError."""
        return codecs.get(self.codec, **self.params)

    def document(self) -> dict[str, Any]:
        """JSON; `Setting(**document)` undoes it."""
        return asdict(self)


@dataclass(frozen=True)
class Curve:
    """`values` of the parameter `over`, the rest of the parameters fixed; one point without."""

    name: str
    fixed: Params = field(default_factory=dict)
    over: str = ""
    values: Sequence[ParameterValue] = ()
    bits: int = 8

    def settings(self, codec: str) -> list[Setting]:
        """Its points."""
        if not self.over:
            return [Setting(self.name, codec, self.fixed, self.bits)]
        return [
            Setting(
                curve=self.name,
                codec=codec,
                params={**self.fixed, self.over: value},
                bits=self.bits,
                point=f"{self.over} {value}",
                timed=number % 3 == TIMED,
            )
            for number, value in enumerate(self.values)
        ]


TIMED = 2
"""Of three points of a curve one is timed, from the third on: times change little between."""

QP = (10, 16, 20, 24, 28, 30, 32, 34, 36, 38, 40, 44)
QUALITY = (5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
PSNR = (22, 24, 26, 28, 30, 32, 35, 38, 42, 46, 50, 60)
DISTANCE = (0.05, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 18.0, 25.0)
LOSSLESS: Params = {"lossless": True}

CURVES: dict[str, tuple[Curve, ...]] = {
    "avif": tuple(
        Curve(f"avif speed {speed}", {"speed": speed}, "quality", QUALITY) for speed in (8, 6)
    ),
    "bpg": (
        *(Curve(f"bpg effort {effort}", {"effort": effort}, "qp", QP) for effort in range(4)),
        Curve("bpg effort 2 10 bits", {"effort": 2}, "qp", QP, bits=10),
        Curve("bpg lossless", LOSSLESS),
    ),
    "heif": (Curve("heif", {}, "quality", QUALITY),),
    "jpeg": (Curve("jpeg", {}, "quality", QUALITY),),
    "jpeg2000": (
        Curve("jpeg2000", {}, "psnr", PSNR),
        Curve("jpeg2000 lossless", LOSSLESS),
        Curve("jpeg2000 lossless 16 bits", LOSSLESS, bits=16),
    ),
    "jpegxl": (
        *(
            Curve(f"jpegxl effort {effort}", {"effort": effort}, "distance", DISTANCE)
            for effort in (3, 7)
        ),
        *(
            Curve(f"jpegxl lossless effort {effort}", {**LOSSLESS, "effort": effort})
            for effort in (3, 7)
        ),
        Curve("jpegxl lossless effort 3 16 bits", LOSSLESS, bits=16),
    ),
    "png": (Curve("png"), Curve("png 16 bits", bits=16)),
    "raw": (Curve("raw"), Curve("raw 16 bits", bits=16)),
    "webp": (
        Curve("webp", {}, "quality", QUALITY),
        Curve("webp lossless", LOSSLESS),
    ),
}
"""Per codec its curves, in the order of their rows. A codec without any is measured as it comes."""

RATE_BASELINE = "bpg effort 2"
"""The curve that delta rates are against."""
TIME_BASELINE = "webp quality 80"
"""The setting that times are in multiples of."""


def settings(ids: Sequence[str]) -> list[Setting]:
    """Every setting of these codecs."""
    found = [(id, curve) for id in ids for curve in CURVES.get(id, (Curve(id),))]
    return [setting for id, curve in found for setting in curve.settings(id)]


def origin(setting: Setting) -> str:
    """What a setting's figures depend on: itself, the codec's source, the libraries' versions.

    Results of another origin are not taken for this one's when a run goes on.
    """
    return fingerprint({"setting": setting.document(), "code": _code(setting.codec)})


@cache
def _code(id: str) -> str:
    module = type(codecs.get(id)).__module__
    # trunkline.codecs.NAME or, where that is a package, something in it
    path = Path(str(import_module(".".join(module.split(".")[:3])).__file__))
    files = sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]
    sources = [file.read_text(encoding="utf-8") for file in files]
    return fingerprint({"sources": sources, "packages": machine.versions()})
