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
COMPONENT = struct.Struct(">BBB")
STYLE = struct.Struct(">BBHB5B")
"""COD (A.6.1) behind its length: style, order, layers, colour transform, levels, code-blocks."""
TILE_PART = struct.Struct(">HIBB")
COD, QCD, COM, SOT, SOD = b"\xff\x52", b"\xff\x5c", b"\xff\x64", b"\xff\x90", b"\xff\x93"
END = b"\xff\xd9"
MOST_SEGMENTS, MOST_LEVELS = 16, 16
SMALLEST_PRECINCT = 7
"""As log2 of its side; OpenJPEG would make room for millions of precincts of one sample."""


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
        """Decode a whole codestream, of one layer and one tile as `encode` writes it.

        OpenJPEG would take part of one, reserve for any size, and go through each of 65535 layers.
        """
        expected = f"a codestream of {shape}, {bits} bits"
        if self.probe(payload) != (shape, bits) or not payload.endswith(END):
            raise corrupt(self.id, "another size, or its end is missing", expected)
        try:
            _check(payload, 1 if len(shape) == 2 else 3, bits)
        except (ValueError, struct.error) as error:
            raise corrupt(self.id, error, expected) from error
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


def _check(payload: bytes, components: int, bits: int) -> None:
    """Raise ValueError or struct.error for a header that `encode` does not write."""
    at = HEADER.size + components * COMPONENT.size
    if payload[HEADER.size : at] != COMPONENT.pack(bits - 1, 1, 1) * components:
        raise ValueError("components of several kinds")
    styles = 0
    for _ in range(MOST_SEGMENTS):
        kind, length = payload[at : at + 2], int.from_bytes(payload[at + 2 : at + 4], "big")
        if kind == SOT:
            _check_tile(payload, at)
            if styles != 1:
                raise ValueError(f"{styles} coding styles")
            return
        if kind not in (COD, QCD, COM):
            raise ValueError(f"a segment {kind.hex()}")
        if kind == COD:
            styles += 1
            _check_style(payload[at + 4 : at + 2 + length])
        at += 2 + length
    raise ValueError(f"more than {MOST_SEGMENTS} segments")


def _check_style(body: bytes) -> None:
    """One layer, few levels, blocks and precincts that are not small."""
    style, _, layers, _, levels, *blocks, _ = STYLE.unpack_from(body)
    precincts = body[STYLE.size :]
    if style > 1 or layers != 1 or levels > MOST_LEVELS or blocks != [4, 4, 0]:
        raise ValueError(f"coding style {style}, {layers} layers, {levels} levels, blocks {blocks}")
    if len(precincts) != (levels + 1) * style:
        raise ValueError(f"{len(precincts)} precinct sizes")
    if any(min(size & 15, size >> 4) < SMALLEST_PRECINCT for size in precincts):
        raise ValueError("precincts too small")


def _check_tile(payload: bytes, at: int) -> None:
    """One tile-part that holds all there is."""
    tile, length, part, parts = TILE_PART.unpack_from(payload, at + 4)
    behind = at + 4 + TILE_PART.size
    if (tile, part) != (0, 0) or parts > 1 or payload[behind : behind + 2] != SOD:
        raise ValueError("tiles in several parts")
    if length != len(payload) - len(END) - at:
        raise ValueError(f"a tile-part of {length} bytes")
