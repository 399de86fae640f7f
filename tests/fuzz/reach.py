"""Counts calls that hand a payload to a library's decoder: how many get past our own checks.

The libraries' doors are wrapped, in the fuzzer's own processes only; the codecs know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import imagecodecs

DECODERS = (
    "avif_decode",
    "jpeg2k_decode",
    "jpeg8_decode",
    "jpegxl_decode",
    "png_decode",
    "webp_decode",
)


class Counter:
    """How often a decoder was called since `reset`."""

    def __init__(self) -> None:
        self.calls = 0

    def counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, counted."""

        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            return function(*arguments, **options)

        return counted


class _CodecContext:
    """Stands for PyAV's class, whose attributes cannot be set; decoders alone are counted."""

    def __init__(self, original: Any, counter: Counter) -> None:
        self._original = original
        self._create = counter.counting(original.create)

    def create(self, codec: Any, mode: str = "r", **options: Any) -> Any:
        """As PyAV's."""
        create = self._create if mode == "r" else self._original.create
        return create(codec, mode, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def install() -> Counter:
    """Wrap every decoder that is installed."""
    counter = Counter()
    for name in DECODERS:
        setattr(imagecodecs, name, counter.counting(getattr(imagecodecs, name)))
    if find_spec("pillow_heif") is not None:
        import pillow_heif

        pillow_heif.open_heif = counter.counting(pillow_heif.open_heif)
    if find_spec("av") is not None:
        import av

        av.CodecContext = _CodecContext(av.CodecContext, counter)  # type: ignore[misc,assignment]
    return counter
