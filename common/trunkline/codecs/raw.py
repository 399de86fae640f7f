"""`raw`: the samples themselves, row-major, little-endian; the size every codec starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trunkline.codecs.abc import PictureCodec, corrupt, sample_type
from trunkline.types import Samples


@dataclass(frozen=True)
class Raw(PictureCodec):
    """No compression at all."""

    id = "raw"
    lossy = False
    bits = (8, 16)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """The plane's bytes in row-major order."""
        return plane.astype(plane.dtype.newbyteorder("<"), copy=False).tobytes()

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """A picture of `shape` whose memory is the payload's; read-only."""
        expected = math.prod(shape) * bits // 8
        if len(payload) != expected:
            raise corrupt(self.id, f"{len(payload)} bytes", f"{expected} bytes for {shape}")
        return np.frombuffer(payload, sample_type(bits)).reshape(shape)
