"""The figures of the codecs' benchmark where they can be worked out by hand."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import samples
from trunkline.codecs import FeatureCodec, PictureCodec
from trunkline.timing import Stopwatch
from trunkline.types import Coded, Samples, Shape, Tensor
from trunkline_benchmarks.codecs import results, table
from trunkline_benchmarks.codecs.passage import passage

DB = (44.0, 40.0, 36.0, 32.0, 28.0, 24.0)


@dataclass(frozen=True)
class Nudge(PictureCodec):
    """Adds a 255th of the range to every other sample that has room."""

    id = "nudge"
    lossy = True
    bits = (8, 16)

    def encode(self, plane: Samples, bits: int = 8) -> bytes:
        return plane.astype(np.uint16).tobytes()

    def decode(self, payload: bytes, shape: tuple[int, ...], bits: int = 8) -> Samples:
        plane = np.frombuffer(payload, np.uint16).reshape(shape).copy()
        most = (1 << bits) - 1
        plane[:, ::2] -= np.uint16(most // 255) * (plane[:, ::2] == most)
        plane[:, ::2] += np.uint16(most // 255) * (plane[:, ::2] <= most - most // 255)
        samples: Samples = plane.astype(np.uint8 if bits == 8 else np.uint16)
        return samples


@dataclass(frozen=True)
class Shift(FeatureCodec):
    """Moves every value by two 255ths of the tensor's range."""

    id = "shift"
    lossy = True

    def encode(self, tensor: Tensor, watch: Stopwatch) -> Coded:
        step = 2 * (tensor.max() - tensor.min()) / 255
        return Coded((tensor + np.float32(step)).tobytes())

    def decode(self, coded: Coded, shape: Shape, watch: Stopwatch) -> Tensor:
        return np.frombuffer(coded.payload, np.float32).reshape(shape)


@pytest.mark.parametrize("bits", [8, 16])
def test_error_in_8_bit_samples(bits: int) -> None:
    """Half of the samples are off by one 8-bit step, at either depth."""
    found = passage(Nudge(), samples.waves(), bits)
    assert found.payload_bytes == 2 * 25088
    assert found.max_error == pytest.approx(1)
    assert found.mse == pytest.approx(0.5, abs=0.02)


def test_error_of_a_feature_codec() -> None:
    found = passage(Shift(), samples.waves(), 8)
    assert found.payload_bytes == 4 * 25088
    assert found.max_error == pytest.approx(2, rel=1e-3)
    assert found.mse == pytest.approx(4, rel=1e-3)


def setting(curve: str, codec: str, point: str) -> dict[str, Any]:
    return {"name": f"{curve} {point}".strip(), "curve": curve, "codec": codec, "point": point}


def write(folder: Path, *, tail: bool, slower: float = 0.0) -> results.Results:
    """Two curves of six points, one of 1.5 times the other's bytes; two pictures, and times."""
    settings, rate, times = [], [], []
    for curve, factor in (("bpg effort 2", 1.0), ("webp", 1.5)):
        for number, quality in enumerate(DB):
            chosen = setting(curve, curve.split()[0], f"quality {80 - number}")
            settings.append(chosen)
            size = factor * 100 * 10 ** (quality / 20)
            for picture, share in ((0, 0.5), (1, 1.5)):  # means are what the point says
                row = {"trunk": "t/s", "picture": picture, "setting": chosen["name"]}
                mse = share * 255**2 / 10 ** (quality / 10)
                agrees = {"same_top1": int(picture < 2 - number // 4)} if tail else {}
                rate.append({**row, "bytes": share * size, "mse": mse, "max": 7.0, **agrees})
                took = factor * (picture + 1) * (1 + slower * quality)
                times.append({**row, "encode_ms": took, "decode_ms": took / 10})
    head: dict[str, Any] = {"command": "c", "images": "i", "settings": settings, "missing": []}
    head["machine"] = {
        "cpu": "C",
        "cores": 1,
        "load_1min": 0.0,
        "utc": "U",
        "python": "3",
        "packages": {"numpy": "2"},
    }
    head["trunks"] = {"t/s": {"cut": "x", "shape": [1, 2, 3], "digest": "", "tail": tail}}
    for name, rows in (("rate", rate), ("times", times)):
        text = "\n".join(json.dumps(row) for row in [head, *rows])
        (folder / name).write_bytes(gzip.compress(text.encode()))
    return results.read(folder / "rate", folder / "times")


def test_means(tmp_path: Path) -> None:
    point = write(tmp_path, tail=True).curves["t/s"]["webp"][4]
    assert point.rate.count == 2
    assert point.rate.psnr == pytest.approx(28)
    assert point.rate.bytes == pytest.approx(150 * 10**1.4)
    assert point.rate.agreement == 50
    assert point.times is not None
    # of 1.5 and 3 ms: percentiles between two values lie on the line between them
    assert point.times.encode_ms == pytest.approx((1.575, 2.25, 2.925))
    # the baseline is webp at quality 80, and took as long
    assert (point.times.encode_ratio, point.times.decode_ratio) == pytest.approx((1, 1))
    bpg = write(tmp_path, tail=True).curves["t/s"]["bpg effort 2"][0].times
    assert bpg is not None
    assert bpg.encode_ratio == pytest.approx(1 / 1.5)


def test_table(tmp_path: Path) -> None:
    page = table.document(write(tmp_path, tail=True))
    # 33 dB: 100 * 10^1.65 = 4467 bytes, half as many more for webp
    common = "(24.0 to 44.0 dB)"
    assert (
        f"| bpg effort 2 | +0.0 % | +0.0 % {common} | 4467 | 33 dB | 1.5 [1.05 to 1.95] |" in page
    )
    assert f"| webp | +50.0 % | +50.0 % {common} | 6700 | 33 dB | 2.25 [1.57 to 2.92] |" in page
    assert "| webp quality 76 | 3768 | 103 | 28.00 | 7 | 50.0 % | 2.25 [1.57 to 2.92] |" in page
    assert "No classifier tail" not in page


def test_times_lie_between_those_of_the_settings_on_either_side(tmp_path: Path) -> None:
    """Rising with the decibels: at 33 dB 1 + 33 / 10 times those of nought."""
    page = table.document(write(tmp_path, tail=True, slower=0.1))
    assert "| 4467 | 33 dB | 6.45 [4.52 to 8.38] | 0.645 [0.452 to 0.839] |" in page


def test_table_without_a_tail(tmp_path: Path) -> None:
    page = table.document(write(tmp_path, tail=False))
    assert "No classifier tail for this trunk: bytes and error only." in page
    assert "| webp quality 76 | 3768 | 103 | 28.00 | 7 | – | 2.25 [1.57 to 2.92] |" in page
