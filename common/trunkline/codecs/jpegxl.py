"""`jpegxl`: JPEG XL (ISO/IEC 18181) through libjxl, 8 and 16 bits."""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from trunkline.codecs import jxl_header
from trunkline.codecs.abc import PictureCodec, corrupt, parameter
from trunkline.codecs.library import decode_into
from trunkline.errors import ParameterError
from trunkline.types import Samples

SLOWEST = 9
LONGEST_SIDE_SLOWEST = 2048


BEGINNINGS = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


@dataclass(frozen=True)
class JpegXl(PictureCodec):
    """JPEG XL; `distance` is libjxl's (1.0 is meant to look like the original), `effort` too."""

    id = "jpegxl"
    lossy = True
    bits = (8, 16)
    suffix = ".jxl"
    media_type = "image/jxl"

    distance: float = parameter(2.0, 0.01, 25.0)
    effort: int = parameter(3, 1, SLOWEST)
    lossless: bool = parameter(False)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        """One codestream, in a container where libjxl wants one (16 bits without loss).

        Raises ParameterError for the slowest effort on a large picture, which libjxl 0.11 dies of.
        """
        if self.effort == SLOWEST and max(plane.shape[:2]) > LONGEST_SIDE_SLOWEST:
            raise ParameterError(
                f"jpegxl codes at most {LONGEST_SIDE_SLOWEST} samples a side at effort {SLOWEST}, "
                f"not {plane.shape[:2]}: use effort {SLOWEST - 1}"
            )
        return bytes(
            imagecodecs.jpegxl_encode(
                plane,
                distance=0.0 if self.lossless else self.distance,
                lossless=self.lossless,
                effort=self.effort,
                usecontainer=False,
                numthreads=1,
            )
        )

    @classmethod
    def owns(cls, payload: bytes) -> bool:
        """A codestream, or the container of one."""
        return payload.startswith(BEGINNINGS)

    def probe(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        """What the codestream's header claims."""
        return self._read(payload, "a JPEG XL picture")[1:]

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        """Decode a whole codestream of exactly this shape and depth.

        libjxl would decode frames of any size, to show the corner that lies in the picture.
        """
        expected = f"a JPEG XL picture of {shape}, {bits} bits"
        stream, *found = self._read(payload, expected)
        if found != [shape, bits]:
            raise corrupt(self.id, found, expected)
        return decode_into(self.id, imagecodecs.jpegxl_decode, stream, shape, bits, numthreads=1)

    def _read(self, payload: bytes, expected: str) -> tuple[bytes, tuple[int, ...], int]:
        """The codestream, its picture's shape and its bits a sample."""
        try:
            stream = jxl_header.codestream(payload)
            found = jxl_header.check(stream)
        except ValueError as error:
            raise corrupt(self.id, error, expected) from error
        plane = (found.height, found.width)
        return stream, plane if found.colours == 1 else (*plane, 3), found.bits
