"""The `bpg` codec: round trips, files of the reference encoder, hostile bytes, threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trunkline import codecs
from trunkline.codecs.bpg import Bpg, container, nal, sps
from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.types import Samples

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "tests" / "golden" / "bpg"
SHARED = Path(os.environ.get("TRUNKLINE_SHARED", ROOT / ".." / "shared")) / "golden" / "bpg"
GREY_REFERENCES = [
    "constant_64x64_q35",
    "features0_q10",
    "features0_q30",
    "features0_q35",
    "features1_q40",
    "features2_q50",
    "features3_q0",
    "features4_lossless",
    "odd_37x51_q28",
    "photo_300x256_q35",
    "tiny_9x17_q20",
    "wide_16x500_q33",
]
SIZES = [(1, 1), (1, 8), (8, 8), (9, 9), (7, 100), (17, 9), (31, 33), (64, 65), (112, 224)]

pytest.importorskip("av", reason="the hevc extra is not installed")


def synthetic(*shape: int) -> Samples:
    """A picture of waves and a hard edge, the same on every machine."""
    y, x = np.indices(shape[:2])
    waves = 96 + (x * x // 7 + 3 * y * y // 5) % 64 + np.where(x > y, 64, 0)
    plane: Samples = waves.astype(np.uint8)
    return plane if len(shape) == 2 else np.stack([plane, plane[::-1], 255 - plane], axis=2)


def picture(path: Path) -> Samples:
    """A PNG's samples, (H, W) or (H, W, 3)."""
    with Image.open(path) as image:
        samples: Samples = np.array(image, np.uint8)
    return samples


def mean_squared_error(left: Samples, right: Samples) -> float:
    """In squared sample steps."""
    return float(np.mean((left.astype(np.float64) - right) ** 2))


def reference(name: str) -> Path:
    """A file of the reference encoder's, or a skip that says what is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} of the reference encoder is not here: set TRUNKLINE_SHARED")
    return path


@pytest.mark.parametrize("name", ["features0_q35", "features4_lossless", "photo_300x256_q35"])
def test_a_cut_file_that_does_not_say_its_length_is_refused(name: str) -> None:
    """The reference encoder's go on to the end of the file, wherever that is."""
    data = reference(f"{name}.bpg").read_bytes()
    shape, bits = Bpg().probe(data)
    whole = Bpg().decode(data, shape, bits)
    np.testing.assert_array_equal(Bpg().decode(data + b"\xff" * 99, shape, bits), whole)
    for length in range(60, len(data) - 2, len(data) // 40):
        with pytest.raises(CorruptFrameError):
            Bpg().decode(data[:length], shape, bits)


@pytest.mark.parametrize("shape", [*SIZES, (1, 1, 3), (37, 51, 3)])
@pytest.mark.parametrize("effort", [0, 1, 2, 3])
def test_every_size_comes_back(shape: tuple[int, ...], effort: int) -> None:
    plane = synthetic(*shape)
    codec = Bpg(qp=10, effort=effort)
    back = codec.decode(codec.encode(plane), shape)
    assert back.shape == shape
    assert back.dtype == np.uint8
    assert mean_squared_error(back, plane) < 2


@pytest.mark.parametrize("shape", [(1500, 1500), (1, 4096)])
@pytest.mark.parametrize("effort", [0, 1])
def test_large_pictures_come_back(shape: tuple[int, int], effort: int) -> None:
    plane = synthetic(*shape)
    codec = Bpg(qp=30, effort=effort)
    assert mean_squared_error(codec.decode(codec.encode(plane), shape), plane) < 60


@pytest.mark.parametrize("shape", [*SIZES, (33, 20, 3)])
def test_lossless_is_exact(shape: tuple[int, ...]) -> None:
    plane = synthetic(*shape)
    codec = Bpg(lossless=True)
    assert np.array_equal(codec.decode(codec.encode(plane), shape), plane)


def test_qp_goes_from_fine_to_coarse() -> None:
    plane = synthetic(112, 224)
    files = [Bpg(qp=qp).encode(plane) for qp in (0, 20, 32, 51)]
    errors = [mean_squared_error(Bpg().decode(file, plane.shape), plane) for file in files]
    assert sorted(map(len, files), reverse=True) == [len(file) for file in files]
    assert sorted(errors) == errors
    assert errors[0] < 0.2


def test_parameter_sets_and_header_cost_little() -> None:
    assert len(Bpg().encode(np.full((64, 64), 128, np.uint8))) < 40


def test_table_knows_bpg() -> None:
    info = {row.id: row for row in codecs.table()}["bpg"]
    assert (info.extra, info.suffix, info.media_type) == ("hevc", ".bpg", "image/bpg")
    assert info.parameters["qp"] == {"type": "int", "min": 0, "max": 51, "default": 32}


def test_module_imports_without_its_libraries() -> None:
    code = (
        "import sys; sys.modules['av'] = sys.modules['pillow_heif'] = None;"
        "import trunkline.codecs.bpg as b; b.Bpg(qp=30)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "plane",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4), np.uint16),
        np.zeros((0, 4), np.uint8),
        np.zeros((1, 4097), np.uint8),
    ],
)
def test_planes_it_cannot_hold_are_refused(plane: Samples) -> None:
    with pytest.raises(ParameterError):
        Bpg().encode(plane)


@pytest.mark.parametrize("params", [{"qp": 52}, {"qp": -1}, {"effort": 4}, {"qp": 30.0}])
def test_parameters_are_checked(params: dict[str, int]) -> None:
    with pytest.raises(ParameterError):
        codecs.get("bpg", **params)


@pytest.mark.parametrize("shape", [(16, 24), (17, 24, 3), (24, 17), (18, 24)])
def test_another_size_or_kind_than_announced_is_refused(shape: tuple[int, ...]) -> None:
    file = Bpg().encode(synthetic(17, 24))
    with pytest.raises(CorruptFrameError, match="header says"):
        Bpg().decode(file, shape)


def test_sixteen_bits_are_refused() -> None:
    with pytest.raises(CorruptFrameError):
        Bpg().decode(Bpg().encode(synthetic(8, 8)), (8, 8), bits=16)


def test_each_cut_off_file_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    file = Bpg(qp=40).encode(synthetic(40, 56))
    for length in range(len(file)):
        with pytest.raises(CorruptFrameError):
            Bpg().decode(file[:length], (40, 56))
    assert capfd.readouterr() == ("", "")


def test_more_slices_than_encoders_write_are_refused() -> None:
    still = container.read(Bpg().encode(synthetic(64, 64)))
    parameters, slice_ = still.units
    further = slice_[:2] + bytes([slice_[2] & 0x7F]) + slice_[3:]
    data = nal.START_CODE.join([parameters, slice_, *[further] * 4])
    file = still.header.write() + sps.write_hevc_header(still.tools) + data
    with pytest.raises(CorruptFrameError, match="1 PPS and 5 slices"):
        Bpg().decode(file, (64, 64))


@pytest.mark.parametrize("name", ["grey_45x61_q24", "grey_45x61_lossless", "rgb_20x24_q30"])
def test_our_files_decode_for_ever(name: str) -> None:
    expected = picture(OURS / f"{name}.png")
    back = Bpg().decode((OURS / f"{name}.bpg").read_bytes(), expected.shape)
    assert np.array_equal(back, expected)


@pytest.mark.parametrize("name", [*GREY_REFERENCES, "rgb444_features0_q30"])
def test_reference_files_decode_sample_for_sample(name: str) -> None:
    expected = picture(reference(f"{name}.decoded.png"))
    if name.endswith("lossless"):
        pytest.importorskip("pillow_heif", reason="libde265 is not installed")
    back = Bpg().decode(reference(f"{name}.bpg").read_bytes(), expected.shape)
    assert np.array_equal(back, expected)


@pytest.mark.parametrize(
    ("name", "bits"), [("ycc420_features0_q30", 8), ("features5_10bit_q24", 10)]
)
def test_reference_files_that_are_rounded_decode_within_one(name: str, bits: int) -> None:
    expected = picture(reference(f"{name}.decoded.png"))
    back = Bpg().decode(reference(f"{name}.bpg").read_bytes(), expected.shape, bits)
    rounded = np.rint(back * (255 / ((1 << bits) - 1)))
    assert np.abs(rounded - expected).max() <= 1


@pytest.mark.parametrize("qp", [28, 36])
def test_bytes_and_error_are_near_the_reference_encoder(qp: int) -> None:
    mosaics = np.load(reference("reference40.npz"))["mosaics"]
    theirs = json.loads(reference("reference40.json").read_text())[str(qp)]
    codec = Bpg(qp=qp)
    files = [codec.encode(mosaic) for mosaic in mosaics]
    errors = [
        mean_squared_error(codec.decode(file, mosaic.shape), mosaic)
        for file, mosaic in zip(files, mosaics, strict=True)
    ]
    assert np.mean([len(file) for file in files]) == pytest.approx(
        np.mean(theirs["bytes"]), rel=0.10
    )
    assert np.mean(errors) == pytest.approx(np.mean(theirs["mse"]), rel=0.15)


def test_decoding_threads_do_not_meet() -> None:
    planes = [np.roll(synthetic(48, 64), shift, axis=1) for shift in range(24)]
    files = [Bpg(qp=20, effort=0).encode(plane) for plane in planes]
    expected = [Bpg().decode(file, (48, 64)) for file in files]
    with ThreadPoolExecutor(4) as pool:
        backs = list(pool.map(Bpg().decode, files, [(48, 64)] * len(files)))
    assert all(np.array_equal(*pair) for pair in zip(backs, expected, strict=True))


def open_ended(file: bytes, slice_data: bytes = b"") -> bytes:
    """The file without its length, so that changes behind the header reach the decoder.

    With `slice_data`, that stands in the place of the slice's.
    """
    still = container.read(file)
    parameters, slice_ = still.units
    data = parameters + nal.START_CODE + (slice_[:2] + slice_data if slice_data else slice_)
    return still.header.write() + sps.write_hevc_header(still.tools) + data


SEEDS = [
    (open_ended(Bpg(qp=40, effort=0).encode(synthetic(24, 40))), (24, 40)),
    (open_ended(Bpg(qp=20, effort=1).encode(synthetic(9, 17, 3))), (9, 17, 3)),
    (open_ended((OURS / "grey_45x61_q24.bpg").read_bytes()), (45, 61)),
    ((OURS / "grey_45x61_lossless.bpg").read_bytes(), (45, 61)),
]


@settings(max_examples=400)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=3), st.integers(0, 4)), min_size=1),
)
def test_hostile_files_give_a_picture_or_our_error(
    seed: tuple[bytes, tuple[int, ...]], changes: list[tuple[int, bytes, int]]
) -> None:
    file, shape = seed
    for position, inserted, removed in changes:
        file = file[:position] + inserted + file[position + removed :]
    try:
        back = Bpg().decode(file, shape)
    except CorruptFrameError:
        return
    assert back.shape == shape
    assert back.dtype == np.uint8


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=200))
def test_noise_in_the_slice_gives_a_picture_or_our_error(noise: bytes) -> None:
    file, shape = SEEDS[0]
    with suppress(CorruptFrameError):
        assert Bpg().decode(open_ended(file, b"\x80" + noise), shape).shape == shape
