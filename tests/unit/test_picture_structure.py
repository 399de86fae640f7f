"""Small files that ask for much are refused at once; ordinary ones, however large, are not."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.unit.test_images import chunk, png, saved, scene
from trunkline import images, structure
from trunkline.errors import (
    CorruptImageError,
    ImageError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from trunkline.png_rows import ADAM7

PROMPT_S = 0.5


def refused(data: bytes, kind: type[ImageError], says: str) -> None:
    """`data` is refused, in words that say why, and at once."""
    started = time.perf_counter()
    with pytest.raises(kind, match=says):
        images.decode(data)
    assert time.perf_counter() - started < PROMPT_S


def jpeg(**options: Any) -> bytes:
    return saved(scene(), "JPEG", **options)


def scans(data: bytes, times: int) -> bytes:
    """A progressive JPEG with its last scan repeated."""
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + b"\xff\xd9"


def test_scans_over_scans() -> None:
    progressive = jpeg(progressive=True)
    own = progressive.count(b"\xff\xda")
    assert images.decode(scans(progressive, structure.MAX_SCANS - own)).size == (160, 120)
    refused(
        scans(progressive, structure.MAX_SCANS - own + 1),
        CorruptImageError,
        f"{structure.MAX_SCANS} scans",
    )


@pytest.mark.parametrize(
    ("padding", "says"),
    [
        (b"\xff\xe5\0\2" * 2_000_000, "segments"),
        (b"\xff\xfe\0\3x" * 2_000_000, "segments"),
        (b"\xff\xd0" * 4_000_000, "segments"),
        (b"\xff" * 8_000_000, "padding"),
    ],
)
def test_jpeg_of_empty_segments(padding: bytes, says: str) -> None:
    whole = jpeg()
    refused(whole[:2] + padding + whole[2:], CorruptImageError, says)


def test_jpeg_padded_without_end() -> None:
    refused(jpeg()[:-2] + b"\xff" * 8_000_000, CorruptImageError, "padding")


def overlapping(tags: int, length: int) -> bytes:
    """A directory whose tags all point at the same bytes."""
    at = 8 + 2 + 12 * tags + 4
    entries = [struct.pack("<HHII", 1000 + tag, 7, length, at) for tag in range(tags)]
    return struct.pack("<2sHIH", b"II", 42, 8, tags) + b"".join(entries) + bytes(4 + length)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP"])
def test_exif_whose_tags_share_their_bytes(name: str) -> None:
    exif = b"Exif\0\0" + overlapping(500, 50_000)
    refused(saved(scene(), name, exif=exif), CorruptImageError, "tags")


def test_exif_in_a_text_of_a_png() -> None:
    for exif, bad in ((overlapping(500, 50_000), True), (overlapping(1, 9), False)):
        text = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n  9\n" + exif.hex().encode())
        data = png(2, 1, bytes(7), depth=8, colour=2, extra=chunk(b"zTXt", text))
        if bad:
            refused(data, CorruptImageError, "tags")
        else:
            assert images.decode(data).size == (2, 1)


def test_tiff_whose_tags_share_their_bytes() -> None:
    refused(overlapping(4000, 1_000_000), CorruptImageError, "tags")
    refused(overlapping(5000, 0), CorruptImageError, "tags")


@pytest.mark.parametrize("kind", [b"abCd", b"IDAT"])
def test_png_of_empty_chunks(kind: bytes) -> None:
    extra = chunk(kind, b"") * 400_000
    refused(png(2, 1, bytes(7), depth=8, colour=2, extra=extra), CorruptImageError, "chunks")


def test_png_of_many_profiles() -> None:
    extra = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 2
    refused(png(2, 1, bytes(7), depth=8, colour=2, extra=extra), CorruptImageError, "profiles")


@pytest.mark.parametrize(("depth", "colour"), [(1, 0), (8, 0), (16, 0), (4, 3), (8, 2), (16, 6)])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 9), (40, 30)])
def test_png_without_all_its_rows(
    depth: int, colour: int, interlaced: bool, size: tuple[int, int]
) -> None:
    """A black picture is whole; the same stream without its last byte is not."""
    width, height = size
    bits = depth * {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    length = 0
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, rows = len(range(x, width, dx)), len(range(y, height, dy))
        length += rows * (1 + (columns * bits + 7) // 8) if columns else 0

    def made(rows: bytes) -> bytes:
        palette = chunk(b"PLTE", bytes(3 << depth)) if colour == 3 else b""
        form = {"depth": depth, "colour": colour, "extra": palette, "interlaced": interlaced}
        return png(width, height, rows, **form)  # type: ignore[arg-type]

    assert images.decode(made(bytes(length))).size == size
    refused(made(bytes(length - 1)), CorruptImageError, "rows are missing|truncated")


def test_a_picture_of_one_pixels_width() -> None:
    """Each row costs memory, however short."""
    thin = png(1, 65_536, bytes(2 * 65_536), depth=8, colour=0)
    refused(thin, ImageTooLargeError, "1 x 65536: at most 65535 pixels a side")
    assert images.decode(png(1, 65_535, bytes(2 * 65_535), depth=8, colour=0)).size[1] == 65_535


def test_png_without_its_end() -> None:
    whole = saved(scene(), "PNG")
    refused(whole[:-12], CorruptImageError, "truncated")
    assert images.decode(whole + b"garbage").size == (160, 120)


@pytest.mark.parametrize("junk", [b"!\xfe" + b"\1a" * 4_000_000 + b"\0", b"x" * 8_000_000])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_gif_of_empty_blocks(junk: bytes, mode: str) -> None:
    whole = saved(scene().convert(mode), "GIF")
    at = 13 + 3 * (2 << (whole[10] & 7))
    assert whole[at : at + 1] in b",!"
    refused(whole[:at] + junk + whole[at:], CorruptImageError, "blocks")


@pytest.mark.parametrize("compression", [1, 2])
def test_bmp_of_run_lengths(compression: int) -> None:
    data = bytearray(saved(scene().convert("P"), "BMP"))
    data[30] = compression
    refused(bytes(data), UnsupportedImageError, "save it uncompressed")


def tiled(side: int, *, big: bool = False, order: str = "<") -> bytes:
    """A TIFF of 100 x 100 with one LZW tile of `side` x `side`."""
    values = {256: 100, 257: 100, 258: 8, 259: 5, 262: 1, 277: 1, 322: side, 323: side, 325: 3000}
    total, entry = ("Q", "HHQQ") if big else ("H", "HHII")
    start = 16 if big else 8
    end = start + struct.calcsize(order + total) + 10 * struct.calcsize(order + entry) + 8
    entries = [struct.pack(order + entry, *row) for row in _rows(values | {324: end}, order, big)]
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 16) if big else (42, 8)))
    directory = struct.pack(order + total, len(entries)) + b"".join(entries) + bytes(8)
    return mark + head + directory + b"\x80\0\0" * 1000


def _rows(values: dict[int, int], order: str, big: bool) -> Iterator[tuple[int, int, int, int]]:
    for tag, value in sorted(values.items()):
        yield tag, 16 if big else 4, 1, value


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_with_a_tile_beyond_its_picture(big: bool, order: str) -> None:
    refused(tiled(30_000, big=big, order=order), ImageTooLargeError, "30000 x 30000")
    structure.check("TIFF", tiled(512, big=big, order=order), images.MAX_PIXELS)


def test_directories_that_make_no_sense_are_the_decoders_business() -> None:
    whole = saved(scene(), "TIFF")
    random = np.random.default_rng(3)
    for _ in range(300):
        data = bytearray(whole)
        for at in random.integers(4, 300, 8):
            data[at % len(data)] = random.integers(0, 256)
        with suppress(ImageError):
            structure.check("TIFF", bytes(data), images.MAX_PIXELS)


def ordinary() -> Iterator[tuple[str, bytes]]:
    """Files as cameras, phones and programs write them."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker " * 50, 6
    profile = np.random.default_rng(1).bytes(200_000)  # takes four APP2 segments
    for progressive in (False, True):
        yield "JPEG", jpeg(progressive=progressive, exif=exif, icc_profile=profile, comment=b"c")
        yield "JPEG", jpeg(progressive=progressive, restart_marker_blocks=1, subsampling=0)
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 256, (1000, 1000, 3), np.uint8))
    yield "JPEG", saved(noise, "JPEG", quality=100, progressive=True)
    yield "PNG", saved(noise, "PNG", compress_level=1, exif=exif, icc_profile=profile)
    yield "PNG", many_idats(noise, 64)  # as many chunks as 50 megapixels have at 4 KiB
    yield "GIF", saved(noise, "GIF", comment=b"c" * 5000, save_all=True, append_images=[noise])
    for compression in (None, "tiff_lzw"):
        yield "TIFF", saved(noise, "TIFF", icc_profile=profile, compression=compression)
    yield "TIFF", saved(noise, "TIFF", big_tiff=True, exif=exif)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield "BMP", saved(scene().convert(mode), "BMP")


def many_idats(image: Image.Image, size: int) -> bytes:
    """A PNG whose pixels lie in chunks of `size` bytes."""
    whole = saved(image, "PNG", compress_level=1)
    data, at = b"", whole.index(b"IDAT") - 4
    head = whole[:at]
    while whole[at + 4 : at + 8] == b"IDAT":
        (length,) = struct.unpack_from(">I", whole, at)
        data += whole[at + 8 : at + 8 + length]
        at += 12 + length
    stream = io.BytesIO(data)
    pieces = iter(lambda: stream.read(size), b"")
    return head + b"".join(chunk(b"IDAT", piece) for piece in pieces) + whole[at:]


def test_ordinary_files_pass_promptly() -> None:
    for name, data in ordinary():
        started = time.perf_counter()
        structure.check(name, data, images.MAX_PIXELS)
        assert time.perf_counter() - started < PROMPT_S
        assert images.sniff(data) == name
        assert images.decode(data).mode == "RGB"
