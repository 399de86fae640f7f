"""What can go wrong, as a tree.

Every message is one line: what was wrong, what was expected, what to do. Doors translate a class to
their protocol's code; nothing below this module knows HTTP or gRPC.
"""

from __future__ import annotations

from trunkline.text import one_line

LONGEST_NAME = 100
"""Characters of a stranger's word that an error repeats."""


class TrunklineError(Exception):
    """Base of everything Trunkline raises on purpose."""


class ParameterError(TrunklineError):
    """A parameter is unknown, of the wrong type or out of its range."""


class UnknownNameError(ParameterError):
    """A name that is in no table; the message lists the names that are."""

    def __init__(self, noun: str, name: str, known: list[str]) -> None:
        shown = one_line(name, LONGEST_NAME)
        super().__init__(f"unknown {noun} {shown!r}: expected one of {', '.join(sorted(known))}")
        self.name = name


class MissingExtraError(TrunklineError):
    """An optional library is not installed; the message names the extra that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional library: pip install 'trunkline[{extra}]'")
        self.extra = extra


class TensorError(TrunklineError):
    """A feature tensor that cannot be coded (NaN, Inf, wrong rank or type)."""


class ImageError(TrunklineError):
    """A picture that cannot be used."""


class ImageTooLargeError(ImageError):
    """More bytes or pixels than the settings allow."""


class UnsupportedImageError(ImageError):
    """Not a picture format that this installation reads."""


class CorruptImageError(ImageError):
    """A known format whose content cannot be decoded."""


class FrameError(TrunklineError):
    """A frame that cannot be undone."""


class FrameMismatchError(FrameError):
    """A whole frame made for something else: another trunk digest, shape or an unknown codec."""


class CorruptFrameError(FrameError):
    """A frame whose fields or payload are damaged, contradictory or beyond the limits."""


class WeightsError(TrunklineError):
    """Weights or models that are missing, damaged or do not belong together."""


class EngineError(TrunklineError):
    """An engine that cannot run what it was asked to run."""


class UnavailableError(TrunklineError):
    """A service that cannot be reached or a port that cannot be had."""
