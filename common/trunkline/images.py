"""Bytes of a picture file to a Pillow RGB picture, with limits, for bytes of any origin."""

from __future__ import annotations

import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO

from PIL import ExifTags, Image, features

from trunkline import png_rows, structure
from trunkline.errors import (
    CorruptImageError,
    ImageError,
    ImageTooLargeError,
    MissingExtraError,
    UnsupportedImageError,
)
from trunkline.rgb import to_rgb
from trunkline.tags import check_tags

FORMATS = ("JPEG", "PNG", "WebP", "HEIC", "AVIF", "BMP", "TIFF", "GIF")
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 65_535
"""JPEG's own. Pillow keeps a pointer and more for each row, however short."""
PILLOW_MAX_PIXELS = 178_956_970
"""Twice `PIL.Image.MAX_IMAGE_PIXELS`: beyond it Pillow itself refuses to open a picture."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
)
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # sizes in bytes, one per version
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
_PILLOW_FEATURES = {"WebP": "webp", "AVIF": "avif"}  # what a Pillow of one's own build may lack
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


@dataclass(frozen=True)
class Picture:
    """8-bit RGB as its camera was held, and the (width, height) that its file has of it."""

    image: Image.Image
    size: tuple[int, int]


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture of `read`, at its full size."""
    return read(data, max_pixels).image


def read(data: bytes, max_pixels: int = MAX_PIXELS, enough: int = 0) -> Picture:
    """Decode a picture file, its first picture, to 8-bit RGB.

    A JPEG is decoded at a half, a quarter or an eighth of its size where `enough` pixels are left
    on each side: its decoder does so from its frequencies, in a fraction of the time. 0: never.

    Grey, 16-bit, CMYK, palette and alpha (on white) become RGB. The size is read from the header
    and checked before any pixel is decoded. What follows a whole picture is ignored.

    Raises UnsupportedImageError (no format of FORMATS, or one that needs an extra),
    ImageTooLargeError (more than `max_pixels`, Pillow's own PILLOW_MAX_PIXELS, or LONGEST_SIDE) and
    CorruptImageError (damaged, truncated, or built to keep a decoder busy: `structure`).
    """
    name = sniff(data)
    if name is None:
        raise UnsupportedImageError(f"not a known picture format: expected {', '.join(FORMATS)}")
    try:
        structure.check(name, data, max_pixels)
        with _QUIET.decoding():
            image, size = _open(name, data, max_pixels, enough)
            turn = _turn(image)
            upright = size[::-1] if turn in _SIDEWAYS else size
            return Picture(to_rgb(_turned(image, turn)), upright)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(f"more than {PILLOW_MAX_PIXELS}", max_pixels) from error
    except Exception as error:  # decoders fed with damaged bytes raise nearly every kind there is
        raise CorruptImageError(
            f"{name} picture cannot be decoded: {_reason(error)}; expected a whole, undamaged file"
        ) from error


def sniff(data: bytes) -> str | None:
    """The format that the first bytes promise, one of FORMATS, or None."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return _sniff_heif(data) if data[4:8] == b"ftyp" else None


def _sniff_heif(data: bytes) -> str | None:
    """AVIF and HEIC share a container (ISO/IEC 14496-12); its brands tell them apart."""
    end = min(int.from_bytes(data[:4], "big"), len(data), 256)
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, end, 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def _open(
    name: str, data: bytes, max_pixels: int, enough: int
) -> tuple[Image.Image, tuple[int, int]]:
    """Decode with the decoder of `name` and no other; gives the file's own size too."""
    if name == "HEIC":
        heic = _open_heic(data, max_pixels)
        return heic, heic.size
    feature = _PILLOW_FEATURES.get(name)
    if feature is not None and not features.check(feature):
        raise UnsupportedImageError(f"this Pillow was built without {name}: install its wheel")
    image = Image.open(BytesIO(data), formats=[name])
    size = image.size
    _check_pixels(size, max_pixels)
    if enough and name == "JPEG":
        image.draft(None, (enough, enough))
    image.load()
    if name == "PNG":
        png_rows.check(data, image)
    return image, size


def _open_heic(data: bytes, max_pixels: int) -> Image.Image:
    """Decode with libheif, which also turns the picture upright."""
    if find_spec("pillow_heif") is None:
        raise UnsupportedImageError(str(MissingExtraError("a HEIC picture", "hevc")))
    import pillow_heif  # optional, and only wanted when such a picture comes

    heif = pillow_heif.open_heif(data)
    _check_pixels(heif.size, max_pixels)
    image: Image.Image = heif.to_pillow()
    return image


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse pictures beyond the limit; `size` is (width, height)."""
    width, height = size
    if width * height > max_pixels:
        raise _too_large(f"{width} x {height} = {width * height}", max_pixels)
    if max(size) > LONGEST_SIDE:
        raise ImageTooLargeError(
            f"picture is {width} x {height}: at most {LONGEST_SIDE} pixels a side are allowed"
        )


def _too_large(pixels: str, max_pixels: int) -> ImageTooLargeError:
    return ImageTooLargeError(f"picture has {pixels} pixels: at most {max_pixels} are allowed")


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns the picture as its EXIF orientation says; damaged EXIF says nothing."""
    check_tags(image.format or "", _exif(image))
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, ValueError, KeyError, TypeError, OverflowError, struct.error, OSError):
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _turned(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = image.info  # holds the colour that is transparent
    return turned


def _exif(image: Image.Image) -> bytes:
    """The Exif data as Pillow is going to read it, from its own place or from a PNG's text."""
    exif = image.info.get("exif") or b""
    text = image.info.get("Raw profile type exif")
    if not exif and isinstance(text, str):
        exif = bytes.fromhex("".join(text.split("\n")[3:]))
    return bytes(exif).removeprefix(b"Exif\0\0")


def _reason(error: Exception) -> str:
    """A decoder's complaint in one line, without its objects' addresses."""
    text = " ".join(str(error).split())[:200]
    return "its header is damaged" if not text or "cannot identify" in text else text


class _Quiet:
    """Keeps Pillow's warnings about odd files from the process while any thread decodes.

    `warnings.catch_warnings` is process-wide: the first decoder in installs the filter, the last
    one out restores what was there, whatever the order between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Wrap one picture's decoding."""
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._caught.__exit__(None, None, None)


_QUIET = _Quiet()
