"""What is sent of one picture, in bytes, and what arrives."""

from __future__ import annotations

import io
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.samples import features, photograph
from trunkline import quantize, trunks
from trunkline.errors import UnsupportedImageError
from trunkline.types import Tensor
from trunkline_benchmarks.sweep import ways
from trunkline_benchmarks.sweep.settings import Setting

PICTURE = Path(str(files("trunkline.demo"))) / "pictures" / "chelsea.jpg"


@pytest.fixture(scope="module")
def source() -> ways.Source:
    """The cat at the edge."""
    trunk = trunks.load("mobilenet_v2", threads=1)
    return ways.Source(PICTURE, features(), trunk, answer_bytes=123)


def sent(source: ways.Source, way: str, codec: str, **params: int | bool) -> ways.Arrival:
    """Through one setting."""
    return ways.load(Setting(way, codec, params)).send(source)


def test_a_frame_is_what_the_edge_would_send(source: ways.Source) -> None:
    """Payload and request; of a lossless codec only the quantiser's error arrives."""
    arrival = sent(source, "features", "png")
    eight_bits = quantize.dequantize(quantize.minmax(source.tensor))
    assert np.array_equal(arrival.tensor, eight_bits)
    assert arrival.wire_bytes is not None
    assert 80 < arrival.wire_bytes - arrival.payload_bytes < 200
    assert min(arrival.encode_ms, arrival.decode_ms) > 0


def test_frames_of_sixteen_bits_and_rgb(source: ways.Source) -> None:
    """The adapter's own settings reach it."""
    deep = ways.load(Setting("features", "raw", bits=16)).send(source)
    wide = ways.load(Setting("features", "raw", arrangement="rgb")).send(source)
    assert deep.payload_bytes == 2 * source.tensor.size
    assert wide.payload_bytes == 3 * source.tensor.size


def test_floats(source: ways.Source) -> None:
    """Four bytes, two, and what zlib makes of two."""
    whole, half = sent(source, "floats", "float32"), sent(source, "floats", "float16")
    assert np.array_equal(whole.tensor, source.tensor)
    assert np.array_equal(half.tensor, source.tensor.astype(np.float16).astype(np.float32))
    assert (whole.payload_bytes, half.payload_bytes) == (25088 * 4, 25088 * 2)
    deflated = sent(source, "floats", "float16-deflate")
    assert deflated.payload_bytes == len(zlib.compress(source.tensor.astype("<f2").tobytes()))


@pytest.mark.parametrize("codec", ["jpeg", "webp", "avif"])
def test_a_picture_goes_through_the_whole_network(source: ways.Source, codec: str) -> None:
    """Squashed as the trunk takes it, coded by Pillow, and the trunk runs on what arrives."""
    squashed = photograph().resize((224, 224), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    squashed.save(buffer, codec, quality=40)
    arrival = sent(source, "picture", codec, quality=40)
    assert arrival.payload_bytes == len(buffer.getvalue())
    decoded = source.trunk.preprocess(Image.open(buffer).convert("RGB"))
    assert np.array_equal(arrival.tensor, source.trunk.forward(decoded[None])[0])
    assert arrival.wire_bytes is None
    assert _error(arrival.tensor, source.tensor) > 0.01


def test_a_lossless_picture_gives_the_features_back(source: ways.Source) -> None:
    """The picture's own way adds nothing of its own."""
    pytest.importorskip("av", reason="bpg needs the extra hevc")
    arrival = sent(source, "picture", "bpg", lossless=True)
    assert _error(arrival.tensor, source.tensor) < 1e-6


def test_nothing_split(source: ways.Source) -> None:
    """The answer's bytes, or the file's; the network is the uncompressed one."""
    assert sent(source, "answer", "edge-only").payload_bytes == 123
    arrival = sent(source, "file", "cloud-only")
    assert arrival.payload_bytes == PICTURE.stat().st_size
    assert np.array_equal(arrival.tensor, source.tensor)


def test_a_file_that_is_no_picture_is_named(source: ways.Source, tmp_path: Path) -> None:
    """It may have gone bad since the features were computed."""
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    broken = ways.Source(path, source.tensor, source.trunk)
    with pytest.raises(UnsupportedImageError, match=r"notes\.jpg: not a known picture format"):
        sent(broken, "picture", "jpeg", quality=75)


def _error(arrived: Tensor, there: Tensor) -> float:
    return float(np.linalg.norm(arrived - there) / np.linalg.norm(there))
