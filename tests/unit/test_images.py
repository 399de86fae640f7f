"""Bytes of a picture file to RGB: formats, colours, orientation, limits, damage."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from trunkline import images
from trunkline.errors import (
    CorruptImageError,
    ImageError,
    ImageTooLargeError,
    UnsupportedImageError,
)

FORMATS = ("JPEG", "PNG", "WebP", "AVIF", "BMP", "TIFF", "GIF", "HEIC")


def scene() -> Image.Image:
    """160 x 120: smooth, with a red square that tells where up and left are."""
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[..., 1] = np.arange(160)
    pixels[..., 2] = np.arange(120)[:, None] * 2
    pixels[10:50, 20:60] = (250, 20, 30)
    return Image.fromarray(pixels)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if name == "HEIC":
        heif = pytest.importorskip("pillow_heif")
        heif.from_pillow(image).save(buffer, quality=90)
    else:
        image.save(buffer, name, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> NDArray[np.int64]:
    image = images.decode(data)
    assert image.mode == "RGB"
    return np.asarray(image).astype(np.int64)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read(name: str) -> None:
    data = saved(scene(), name)
    assert images.sniff(data) == name
    assert np.abs(pixels(data) - np.asarray(scene())).mean() < 3


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_corrupt(name: str, part: float) -> None:
    data = saved(scene(), name)
    with pytest.raises(CorruptImageError, match=name):
        images.decode(data[: int(len(data) * part)])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("garbage", [b"garbage!" * 100, bytes(1000), b"\xff" * 333])
def test_garbage_after_a_whole_picture_is_ignored(name: str, garbage: bytes) -> None:
    data = saved(scene(), name)
    assert np.array_equal(pixels(data + garbage), pixels(data))


@pytest.mark.parametrize("name", ["PNG", "WebP", "GIF"])
def test_the_first_picture_of_an_animation_counts(name: str) -> None:
    second = Image.new("RGB", (160, 120), (0, 0, 255))
    data = saved(scene(), name, save_all=True, append_images=[second])
    assert np.abs(pixels(data) - np.asarray(scene())).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF", "AVIF"])
def test_exif_orientation(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = scene() if orientation == 1 else scene().transpose(_inverse(orientation))
    data = saved(stored, name, exif=exif)
    result = pixels(data)
    assert result.shape == (120, 160, 3)
    assert np.abs(result - np.asarray(scene())).mean() < 4


def _inverse(orientation: int) -> Image.Transpose:
    """What a camera does to an upright scene before it writes this orientation."""
    turn = Image.Transpose
    return {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }[orientation]


def enlarged(width: int, height: int) -> Image.Image:
    return scene().resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("width", "height", "shorter"),
    [(1600, 1200, 600), (1599, 1201, 600), (3200, 2400, 600), (1000, 896, 448), (1000, 895, 895)],
)
def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(
    width: int, height: int, shorter: int
) -> None:
    data = saved(enlarged(width, height), "JPEG", quality=95)
    picture = images.read(data, enough=448)
    assert picture.size == (width, height)
    assert abs(min(picture.image.size) - shorter) <= 1
    small, whole = (
        np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR)).astype(np.int64)
        for image in (picture.image, images.decode(data))
    )
    assert np.abs(small - whole).mean() < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_keeps_its_size_as_it_was_held(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = enlarged(1600, 1200)
    data = saved(
        stored if orientation == 1 else stored.transpose(_inverse(orientation)), "JPEG", exif=exif
    )
    picture = images.read(data, enough=224)
    assert picture.size == (1600, 1200)
    assert picture.image.size == (400, 300)
    back = np.asarray(picture.image.resize((160, 120))).astype(np.int64)
    assert np.abs(back - np.asarray(scene())).mean() < 4


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "JPEG"])
def test_other_formats_are_decoded_whole(name: str) -> None:
    data = saved(enlarged(640, 480), name)
    picture = images.read(data, enough=100)
    assert picture.image.size == picture.size == (640, 480)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_large_jpeg_of_other_colours(mode: str) -> None:
    data = saved(enlarged(1600, 1200).convert(mode), "JPEG", quality=95)
    picture = images.read(data, enough=224)
    assert picture.image.mode == "RGB"
    assert picture.image.size == (400, 300)
    whole = images.decode(data).resize((400, 300), Image.Resampling.BOX)
    assert np.abs(np.asarray(picture.image).astype(int) - np.asarray(whole)).mean() < 2


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_large_jpeg_that_is_truncated_is_corrupt(part: float) -> None:
    data = saved(enlarged(1600, 1200), "JPEG")
    with pytest.raises(CorruptImageError, match="JPEG"):
        images.read(data[: int(len(data) * part)], enough=224)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = saved(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x99" * 40)
    assert pixels(data).shape == (120, 160, 3)


def test_grey_stays_grey() -> None:
    grey = scene().convert("L")
    assert np.array_equal(pixels(saved(grey, "PNG")), np.asarray(grey.convert("RGB")))


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(name: str) -> None:
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16)
    deep = np.tile(ramp, (4, 1))
    expected = np.tile(np.arange(256), (4, 1))
    assert np.array_equal(pixels(saved(Image.fromarray(deep), name))[..., 0], expected)


def test_sixteen_bit_tiff_where_white_is_zero() -> None:
    deep = np.full((4, 4), 65535, np.uint16)
    data = saved(Image.fromarray(deep), "TIFF", tiffinfo={262: 0})
    assert pixels(data).max() == 0


def test_sixteen_bit_big_endian_rgb_png() -> None:
    row = b"\0" + struct.pack(">3H", 65535, 32896, 0) * 2
    data = png(2, 1, row, depth=16, colour=2)
    assert pixels(data).tolist() == [[[255, 128, 0]] * 2]


def test_sixteen_bit_grey_with_a_transparent_value() -> None:
    row = b"\0" + struct.pack(">2H", 1000, 0)
    data = png(2, 1, row, depth=16, colour=0, extra=chunk(b"tRNS", struct.pack(">H", 1000)))
    assert pixels(data)[0, :, 0].tolist() == [255, 0]


def test_cmyk() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for name in ("JPEG", "TIFF"):
        red = pixels(saved(cmyk, name))[8, 8]
        assert red[0] > 240
        assert red[1:].max() < 15


def test_palette() -> None:
    expected = scene().convert("P").convert("RGB")
    assert np.array_equal(pixels(saved(scene().convert("P"), "PNG")), np.asarray(expected))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_lies_on_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1))
    image.putdata([(0, 0, 0, 0), (100, 100, 100, 128)])
    data = saved(image.convert("LA") if mode == "LA" else image, "PNG")
    if mode == "PA":
        data = saved(image.quantize(2), "PNG")
    first, second = pixels(data)[0]
    assert first.tolist() == [255, 255, 255]
    assert np.abs(second - 177).max() <= 1


def test_a_transparent_palette_entry_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert pixels(saved(image, "PNG", transparency=1)).min() == 255
    assert pixels(saved(image, "PNG", transparency=bytes([255, 128])))[0, 0, 2] in range(141, 144)


def test_one_bit() -> None:
    assert pixels(saved(Image.new("1", (8, 8), 1), "TIFF", compression="group4")).min() == 255


@pytest.mark.parametrize("mode", ["I", "F"])
def test_samples_without_a_known_white_are_refused(mode: str) -> None:
    with pytest.raises(UnsupportedImageError, match=f"{mode} samples"):
        images.decode(saved(Image.new(mode, (4, 4)), "TIFF"))


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"hello, world" * 50, b"%PDF-1.7", b"BM but a text", b"RIFF1234WAVE", bytes(1000)],
)
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedImageError, match="expected JPEG, PNG"):
        images.decode(data)


def test_other_formats_of_pillow_are_not_read() -> None:
    for name in ("PPM", "TGA", "ICO", "PCX", "EPS"):
        with pytest.raises(UnsupportedImageError):
            images.decode(saved(scene(), name))


def test_heic_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(scene(), "HEIC")
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedImageError, match=r"trunkline\[hevc\]"):
        images.decode(data)


@pytest.mark.parametrize("name", FORMATS)
def test_the_pixel_limit(name: str) -> None:
    data = saved(scene(), name)
    assert images.decode(data, max_pixels=160 * 120).size == (160, 120)
    with pytest.raises(ImageTooLargeError, match="at most 19199"):
        images.decode(data, max_pixels=160 * 120 - 1)


def test_a_bomb_is_refused_by_its_header() -> None:
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(600 * (1 + 60_000 // 8))) + packer.flush(zlib.Z_FULL_FLUSH)
    rows = block + block[2:] * 99  # only the first block has zlib's header of 2 bytes
    data = png(60_000, 60_000, None, depth=1, colour=0, packed=rows)
    started = time.perf_counter()
    with pytest.raises(ImageTooLargeError):
        images.decode(data)
    assert time.perf_counter() - started < 0.5


def test_no_warning_of_pillow_between_its_limit_and_ours() -> None:
    data = png(10_000, 9_500, b"", depth=1, colour=0)
    with pytest.raises(ImageTooLargeError, match="95000000"):
        images.decode(data)


def test_warnings_are_as_before_after_many_threads() -> None:
    before = list(warnings.filters)
    odd = saved(scene(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: images.decode(odd), range(64)))
    assert list(warnings.filters) == before


def test_damaged_bytes_raise_nothing_but_our_own_errors() -> None:
    random = np.random.default_rng(7)
    for name in FORMATS:
        whole = saved(scene().resize((40, 30)), name)
        for _ in range(40):
            data = bytearray(whole)
            for at in random.integers(0, len(data), 6):
                data[at] = random.integers(0, 256)
            complaint = complaint_about(bytes(data))
            assert "\n" not in complaint
            assert " at 0x" not in complaint


def complaint_about(data: bytes) -> str:
    try:
        images.decode(data, max_pixels=1_000_000)
    except ImageError as error:
        return str(error)
    return ""


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(
    width: int,
    height: int,
    rows: bytes | None,
    *,
    depth: int,
    colour: int,
    packed: bytes = b"",
    extra: bytes = b"",
    interlaced: bool = False,
) -> bytes:
    """A PNG made by hand: Pillow writes no 16-bit RGB, and nobody wants 3.6 gigapixels of it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    data = packed if rows is None else zlib.compress(rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )
