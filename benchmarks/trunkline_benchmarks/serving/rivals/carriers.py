"""How the rivals that split send their features: untouched, or through a codec's own program."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from PIL import Image

from trunkline import quantize, tiling
from trunkline.types import Quantised, Shape, Tensor

RANGE = struct.Struct("<ff")


class Carrier(ABC):
    """Feature tensor to bytes and back."""

    @abstractmethod
    def pack(self, tensor: Tensor) -> bytes:
        """What is sent for (C, H, W) float32."""

    @abstractmethod
    def unpack(self, data: bytes, shape: Shape) -> Tensor:
        """Undo `pack`."""


class Float32(Carrier):
    """The tensor's own bytes."""

    def pack(self, tensor: Tensor) -> bytes:
        """Four bytes a value."""
        return tensor.tobytes()

    def unpack(self, data: bytes, shape: Shape) -> Tensor:
        """The same values."""
        return np.frombuffer(data, np.float32).reshape(shape)  # (C*H*W,) -> (C, H, W)


class WebpPrograms(Carrier):
    """The method at its plainest: a mosaic in a PNG file, `cwebp` and `dwebp` started for each."""

    def __init__(self, quality: int) -> None:
        self._quality = quality

    def pack(self, tensor: Tensor) -> bytes:
        """The range, then WebP's bytes."""
        quantised = quantize.minmax(tensor)
        with tempfile.TemporaryDirectory() as name:
            plane, coded = Path(name) / "plane.png", Path(name) / "plane.webp"
            Image.fromarray(tiling.mosaic(quantised.samples)).save(plane)
            _run("cwebp", "-quiet", "-q", str(self._quality), str(plane), "-o", str(coded))
            return RANGE.pack(quantised.min, quantised.max) + coded.read_bytes()

    def unpack(self, data: bytes, shape: Shape) -> Tensor:
        """The grey picture's samples over the range."""
        low, high = RANGE.unpack_from(data)
        with tempfile.TemporaryDirectory() as name:
            plane, coded = Path(name) / "plane.png", Path(name) / "plane.webp"
            coded.write_bytes(data[RANGE.size :])
            _run("dwebp", "-quiet", str(coded), "-o", str(plane))
            with Image.open(plane) as picture:
                samples = np.asarray(picture.convert("L"))
        return quantize.dequantize(Quantised(tiling.unmosaic(samples, shape), low, high, 8))


def carrier(text: str) -> Carrier:
    """`float32` or `cwebp:QUALITY`. Raises ValueError."""
    name, _, quality = text.partition(":")
    if name == "float32":
        return Float32()
    if name == "cwebp":
        return WebpPrograms(int(quality))
    raise ValueError(f"{text!r}: expected float32 or cwebp:QUALITY")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603
