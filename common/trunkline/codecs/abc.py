"""What a codec is. A codec is a frozen dataclass whose fields are its validated parameters."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.text import one_line
from trunkline.timing import Stopwatch
from trunkline.types import Coded, ParameterValue, Samples, Shape, Tensor

LONGEST_WORDS = 200
"""Characters that a library's complaint may have."""


def parameter(default: ParameterValue, low: float | None = None, high: float | None = None) -> Any:  # noqa: ANN401 - stands where a field's value stands
    """A codec's parameter: its default, and its inclusive bounds where it is a number."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Codec(ABC):
    """The part that picture and feature codecs share: names, parameters and their checks."""

    id: ClassVar[str]
    kind: ClassVar[str]
    lossy: ClassVar[bool]
    """Whether the codec can lose anything under any of its parameters."""
    extra: ClassVar[str] = ""
    """The extra that brings the library, empty where the core has it."""
    requires: ClassVar[tuple[str, ...]] = ()
    """Import names of the libraries beyond the core."""
    suffix: ClassVar[str] = ".bin"
    media_type: ClassVar[str] = "application/octet-stream"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(self.id, field, getattr(self, field.name))

    @property
    def params(self) -> dict[str, ParameterValue]:
        """Every parameter with its value, as it travels in the frame."""
        return dataclasses.asdict(self)


class PictureCodec(Codec):
    """Turns a picture of samples into bytes and back."""

    kind = "picture"
    bits: ClassVar[tuple[int, ...]] = (8,)
    """Sample depths it can code."""
    magic: ClassVar[bytes] = b""
    """How its files begin; empty where nothing tells them."""

    @abstractmethod
    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """Code an (H, W) plane or an (H, W, 3) picture of uint8 or uint16 samples.

        `bits` is how many of a sample count, for codecs that know depths between the two types'.
        Raises ParameterError for a picture that the codec cannot hold.
        """

    @abstractmethod
    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode to a picture of exactly `shape`, (H, W) or (H, W, 3).

        Allocates no more than that picture needs. Raises CorruptFrameError where the payload is
        damaged or is a picture of another size.
        """

    @classmethod
    def owns(cls, payload: bytes) -> bool:
        """Whether the payload begins as this codec's files do."""
        return bool(cls.magic) and payload.startswith(cls.magic)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """The shape and bits a sample that a payload's header claims, for files without a frame.

        Raises CorruptFrameError, and ParameterError for a codec whose payloads do not say.
        """
        raise ParameterError(f"a {self.id} payload does not say its size: keep the whole frame")


class FeatureCodec(Codec):
    """Turns a feature tensor into bytes by itself: its own transform, quantiser, entropy coder."""

    kind = "feature"
    arrangement: ClassVar[str] = ""

    @abstractmethod
    def encode(self, tensor: Tensor, watch: Stopwatch) -> Coded:
        """Code a (C, H, W) float32 tensor, timing the stages. Raises TensorError for NaN, Inf."""

    @abstractmethod
    def decode(self, coded: Coded, shape: Shape, watch: Stopwatch) -> Tensor:
        """Undo `encode` to a (C, H, W) float32 tensor. Raises CorruptFrameError."""


def sample_type(bits: int) -> str:
    """The little-endian NumPy type of samples of 8 bits, or of more."""
    return "u1" if bits == 8 else "<u2"


def corrupt(codec: str, problem: object, expected: str) -> CorruptFrameError:
    """The error of a payload that `codec` cannot undo."""
    found = one_line(str(problem), LONGEST_WORDS)
    return CorruptFrameError(f"{codec} payload cannot be decoded: {found}; expected {expected}")


def _check(codec: str, field: dataclasses.Field[Any], value: Any) -> None:  # noqa: ANN401
    """Raise ParameterError unless `value` fits the field's type and bounds."""
    kind = type(field.default)
    low, high = field.metadata["low"], field.metadata["high"]
    # type, not isinstance: True is no quality; written so that NaN is in no bounds
    if type(value) is not kind or not (low is None or low <= value <= high):
        shown = one_line(repr(value), LONGEST_WORDS)
        raise ParameterError(f"{codec}: {field.name} is {shown}: expected {_expected(field)}")


def _expected(field: dataclasses.Field[Any]) -> str:
    """What a parameter takes, in words."""
    low, high = field.metadata["low"], field.metadata["high"]
    bounds = "" if low is None else f" from {low} to {high}"
    return f"{type(field.default).__name__}{bounds}"
