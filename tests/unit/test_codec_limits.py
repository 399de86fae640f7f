"""What a payload may ask of its decoder, checked before a library sees it."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.fuzz import formats, seeds
from trunkline import codecs, pipeline
from trunkline.codecs import PictureCodec, av1, hvc1, isobmff, jxl_header
from trunkline.errors import CorruptFrameError, FrameError, ParameterError
from trunkline.types import ParameterValue, Samples

PLANE = seeds.plane_of((8, 7, 7))


def codec_of(id: str, **params: ParameterValue) -> PictureCodec:
    codec = codecs.get(id, **params)
    assert isinstance(codec, PictureCodec)
    return codec


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a payload reaches a library's decoder."""

    def decode(*_: Any, **__: Any) -> None:
        pytest.fail("the library was asked")

    for name in ("avif", "jpeg8", "jpeg2k", "jpegxl", "png", "webp"):
        monkeypatch.setattr(imagecodecs, f"{name}_decode", decode)


def refused(id: str, payload: bytes, words: str, plane: Samples = PLANE) -> None:
    with pytest.raises(CorruptFrameError, match=words):
        codec_of(id).decode(payload, plane.shape)


def jpeg(**options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PLANE).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("id", ["avif", "jpeg", "jpeg2000", "jpegxl", "png"])
def test_another_size_is_refused_before_the_library_makes_room_for_it(id: str) -> None:
    payload = codec_of(id).encode(PLANE)
    for shape in ((14, 27), (28, 14), (1400, 2800)):
        with pytest.raises(CorruptFrameError):
            codec_of(id).decode(payload, shape)


@pytest.mark.usefixtures("no_library")
def test_jpegs_have_one_baseline_scan() -> None:
    baseline = formats.split_jpeg(jpeg())
    refused("jpeg", jpeg(progressive=True), "another size or kind")
    refused("jpeg", formats.join_jpeg([*baseline, *baseline[-2:]]), "another size or kind")
    lossless = bytes(imagecodecs.jpeg8_encode(PLANE, lossless=True))
    refused("jpeg", lossless, "another size or kind")


@pytest.mark.parametrize("side", [10_000, 65_000])
def test_giant_jpegs_have_no_size_worth_reading(side: int) -> None:
    size = struct.pack(">HH", side, side)
    parts = [
        (kind, body[:1] + size + body[5:] if kind == b"\xc0" else body)
        for kind, body in formats.split_jpeg(jpeg())
    ]
    with pytest.raises(CorruptFrameError, match="exceeds limit"):
        codec_of("jpeg").probe(formats.join_jpeg(parts))


def test_foreign_baseline_jpegs_decode() -> None:
    assert codec_of("jpeg").decode(jpeg(quality=95), PLANE.shape).shape == PLANE.shape


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"tRNS", b"acTL", b"juNk"])
def test_png_chunks_without_pixels_never_reach_libpng(
    kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    decode = imagecodecs.png_decode

    def look(data: bytes, **options: Any) -> Any:
        seen.append(data)
        return decode(data, **options)

    monkeypatch.setattr(imagecodecs, "png_decode", look)
    payload = codec_of("png").encode(PLANE)
    parts = formats.split_png(payload)
    bomb = (kind, b"x\0\0" + zlib.compress(bytes(1 << 20)))
    padded = formats.join_png([parts[0], bomb, bomb, *parts[1:]])
    np.testing.assert_array_equal(codec_of("png").decode(padded, PLANE.shape), PLANE)
    assert seen == [payload]


@pytest.mark.usefixtures("no_library")
def test_pngs_of_countless_chunks_are_refused() -> None:
    parts = formats.split_png(codec_of("png").encode(PLANE))
    refused("png", formats.join_png([parts[0], *[(b"IDAT", b"")] * 10_000, *parts[1:]]), "chunks")


COD = (
    *("style", "order", "layers", "transform", "levels"),
    *("width", "height", "blocks", "wavelet", "precinct"),
)


def restyled(**fields: int) -> bytes:
    """A codestream with other fields in COD (T.800, A.6.1)."""
    parts = []
    for kind, body in formats.split_j2k(codec_of("jpeg2000").encode(PLANE)):
        if kind == b"\x52":
            style = dict(zip(COD, struct.unpack(">BBHB5BB", body), strict=True)) | fields
            body = struct.pack(">BBHB5BB", *style.values())
        parts.append((kind, body))
    return formats.join_j2k(parts)


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"layers": 65535}, "65535 layers"),
        ({"levels": 32}, "32 levels"),
        ({"precinct": 0x00}, "precincts too small"),
        ({"precinct": 0x0F}, "precincts too small"),
        ({"style": 7}, "coding style 7"),
        ({"width": 0}, "blocks"),
    ],
)
def test_jpeg2000_styles_are_those_we_write(fields: dict[str, int], words: str) -> None:
    refused("jpeg2000", restyled(**fields), words)


@pytest.mark.usefixtures("no_library")
def test_jpeg2000_has_one_tile_part_and_no_further_segments() -> None:
    parts = formats.split_j2k(codec_of("jpeg2000").encode(PLANE))
    at = [kind for kind, _ in parts].index(b"\x90")
    empty = [(b"\x90", bytes(8)), (b"\x93", b"")]
    refused("jpeg2000", formats.join_j2k([*parts[:at], *empty, *parts[at:]]), "tile")
    refused("jpeg2000", formats.join_j2k([*parts[:at], (b"\x5f", bytes(7)), *parts[at:]]), "ff5f")


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("name", ["jpegxl-oversize", "jpegxl-giant", "avif-giant", "avif-lying"])
def test_pictures_larger_than_they_say_are_refused(name: str) -> None:
    frame = seeds.Seed(name, (seeds.FOLDER / f"{name}.frame").read_bytes()).frame
    with pytest.raises(CorruptFrameError):
        pipeline.unpack(frame)


@pytest.mark.usefixtures("no_library")
def test_jpegxl_containers_hold_a_codestream_and_no_more() -> None:
    boxes = formats.split_boxes(bytes(imagecodecs.jpegxl_encode(PLANE, usecontainer=True)))
    for box in ((b"brob", b"Exif" + bytes(9)), (b"jxlp", bytes(9)), (b"jxlc", bytes(9))):
        refused("jpegxl", formats.join_boxes([*boxes, box]), "no container of one")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("distance", [0.0, 1.0, 25.0])
@pytest.mark.parametrize("effort", [1, 7, 8])
def test_every_frame_header_that_libjxl_writes_is_read(
    bits: int, distance: float, effort: int
) -> None:
    letters = np.tile(np.kron(np.eye(5)[::-1], np.ones((2, 2))), (9, 15)) * ((1 << bits) - 1)
    plane = letters.astype(np.uint8 if bits == 8 else np.uint16)
    for picture in (plane, np.stack([plane] * 3, 2)):
        stream = imagecodecs.jpegxl_encode(
            picture, distance=distance, lossless=not distance, effort=effort, numthreads=1
        )
        found = jxl_header.check(jxl_header.codestream(bytes(stream)))
        assert found == jxl_header.Picture(90, 150, bits, 1 if picture.ndim == 2 else 3)


def test_jpegxl_refuses_the_effort_that_libjxl_dies_of() -> None:
    with pytest.raises(ParameterError, match="use effort 8"):
        codec_of("jpegxl", effort=9).encode(np.zeros((9, 2100), np.uint8))


def test_avif_holds_one_item_of_one_frame() -> None:
    item = isobmff.read_item(codec_of("avif").encode(PLANE), b"av01", b"av1C")
    assert (item.height, item.width) == av1.still_size(item.data) == PLANE.shape
    for data in (item.data * 2, item.data[:10], b"", item.data + b"\x12\0\x0a"):
        with pytest.raises(av1.ObuError):
            av1.still_size(data)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"av01Color", b"gridColor", "grid"),
        (b"mdat", b"moov", "moov"),
        (b"ispe", b"free", "0 boxes b'ispe'"),
        (b"pixi", b"ispe", "2 boxes b'ispe'"),
    ],
)
@pytest.mark.usefixtures("no_library")
def test_avif_of_any_other_form_is_refused(old: bytes, new: bytes, words: str) -> None:
    refused("avif", codec_of("avif").encode(PLANE).replace(old, new), words)


def test_heif_holds_one_slice_and_one_size() -> None:
    pytest.importorskip("pillow_heif", reason="the hevc extra is not installed")
    payload = codec_of("heif").encode(PLANE)
    item = isobmff.read_item(payload, b"hvc1", b"hvcC")
    assert hvc1.coded_size(item.configuration, item.data) == (64, 64)
    with pytest.raises(hvc1.SliceError, match="2 slices"):
        hvc1.coded_size(item.configuration, item.data * 2)
    with pytest.raises(hvc1.SliceError, match="other pictures"):
        hvc1.coded_size(item.configuration, item.data[:4] + b"\2\1" + item.data[6:])
    with pytest.raises(hvc1.SliceError, match="damaged"):
        hvc1.coded_size(item.configuration, item.data[:-1])
    with pytest.raises(hvc1.SliceError, match="0 sequence"):
        hvc1.coded_size(item.configuration[:22] + b"\0", item.data)
    refused("heif", payload.replace(b"hvc1", b"mski"), "mski")


def test_what_strangers_say_is_repeated_in_part_only() -> None:
    long = "x" * 100_000
    frame = seeds.Setting("png", {"level": 6}).make()
    for change in (
        {"codec": long},
        {"arrangement": long},
        {"params": {long: 1}},
        {"params": {"level": long}},
    ):
        with pytest.raises(FrameError) as caught:
            pipeline.unpack(dataclasses.replace(frame, **change))
        assert len(str(caught.value)) < 500
