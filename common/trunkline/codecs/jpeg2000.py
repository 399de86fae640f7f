"""`jpeg2000`: wavelets (ITU-T T.800) through OpenJPEG, 8 and 16 bits, as a bare codestream."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import imagecodecs

from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import decode_into
from trunkline.types import Samples

HEADER = struct.Struct(">4sHH8IH")
"""SOC and SIZ (T.800, A.5.1) up to the number of components."""
END = b"\xff\xd9"


@dataclass(frozen=True)
class Jpeg2000(PictureCodec):
    """JPEG 2000; `psnr` in dB is what OpenJPEG aims at, `lossless` (5/3 wavelet) ignores it."""

    id = "jpeg2000"
    lossy = True
    bits = (8, 16)
    suffix = ".j2k"
    media_type = "image/j2c"
    magic = b"\xff\x4f\xff\x51"

    psnr: int = parameter(32, 20, 100)
    lossless: bool = parameter(False)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One codestream of one tile."""
        return bytes(
            imagecodecs.jpeg2k_encode(
                plane,
                level=0 if self.lossless else self.psnr,
                reversible=self.lossless,
                codecformat="j2k",
                numthreads=1,
            )
        )

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole codestream; OpenJPEG would take part of one, and reserve for any size."""
        if self.probe(payload)[0] != shape or not payload.endswith(END):
            raise corrupt(self.id, "another size, or its end is missing", f"pixels of {shape}")
        return decode_into(self.id, imagecodecs.jpeg2k_decode, payload, shape, bits, numthreads=1)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the codestream's header claims; one tile, as `encode` writes it."""
        expected = "a JPEG 2000 codestream of one tile, grey or RGB"
        if len(payload) <= HEADER.size or not payload.startswith(self.magic):
            raise corrupt(self.id, "it has no header", expected)
        _, _, _, width, height, *rest, components = HEADER.unpack_from(payload)
        whole = [0, 0, width, height, 0, 0]  # no offsets, the tile is the picture
        if rest != whole or components not in (1, 3):
            raise corrupt(self.id, f"tiles {rest}, {components} components", expected)
        bits = (payload[HEADER.size] & 0x7F) + 1
        return ((height, width) if components == 1 else (height, width, 3)), bits
