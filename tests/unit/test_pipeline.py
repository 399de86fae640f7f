"""Feature tensor -> frame -> feature tensor."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.samples import SPEC, features, waves
from trunkline import codecs, pipeline
from trunkline.errors import (
    CorruptFrameError,
    FrameMismatchError,
    ParameterError,
    TensorError,
    UnknownNameError,
)
from trunkline.timing import Stopwatch
from trunkline.types import Frame, Quantiser, Shape


def packed(codec: str = "png", **options: Any) -> Frame:
    return pipeline.pack(waves(), SPEC, codecs.get(codec), **options)


def test_a_frame_says_what_made_it() -> None:
    frame = packed(image_size=(640, 427), capture_time=1.5)
    assert (frame.trunk, frame.cut, frame.digest) == (SPEC.name, SPEC.cut, SPEC.digest)
    assert (frame.shape, frame.codec, frame.params) == (SPEC.shape, "png", {"level": 6})
    assert (frame.arrangement, frame.image_size, frame.capture_time) == ("luma", (640, 427), 1.5)
    assert frame.quantiser == Quantiser(-3.0, 3.0, 8)


@pytest.mark.parametrize("arrangement", ["luma", "rgb"])
@pytest.mark.parametrize(("bits", "levels"), [(8, 255), (16, 65535)])
def test_a_lossless_codec_leaves_only_quantisation(
    arrangement: str, bits: int, levels: int
) -> None:
    tensor = features()
    frame = pipeline.pack(tensor, SPEC, codecs.get("png"), arrangement=arrangement, bits=bits)
    step = float(tensor.max() - tensor.min()) / levels
    assert np.abs(pipeline.unpack(frame) - tensor).max() <= step / 2 * 1.01


def test_an_adapter_keeps_its_own_arrangement() -> None:
    frame = pipeline.pack(waves(), SPEC, codecs.feature("raw", arrangement="rgb", bits=16))
    assert (frame.arrangement, frame.quantiser and frame.quantiser.bits) == ("rgb", 16)
    np.testing.assert_allclose(pipeline.unpack(frame), waves(), atol=1e-4)


def test_stages_are_timed_on_both_sides() -> None:
    edge, cloud = Stopwatch(), Stopwatch()
    pipeline.unpack(packed(watch=edge), cloud)
    assert list(edge.ms) == ["quantize", "tile", "encode"]
    assert list(cloud.ms) == ["decode", "untile", "dequantize"]
    assert all(ms >= 0 for ms in (*edge.ms.values(), *cloud.ms.values()))


def test_tensors_of_another_shape_are_refused() -> None:
    with pytest.raises(TensorError, match=r"\(32, 28, 28\)"):
        pipeline.pack(waves((32, 28, 27)), SPEC, codecs.get("raw"))


def test_sixteen_bits_need_a_codec_that_has_them() -> None:
    with pytest.raises(ParameterError, match="webp takes 8 bits"):
        packed("webp", bits=16)


def test_unknown_arrangements_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="luma, rgb"):
        packed(arrangement="cube")


def test_an_accepted_frame_passes() -> None:
    pipeline.check(packed(), ["00" * 32, SPEC.digest], SPEC.shape)


def test_frames_of_another_digest_are_refused_with_both_named() -> None:
    with pytest.raises(FrameMismatchError) as caught:
        pipeline.check(packed(), ["cd" * 32], SPEC.shape)
    assert "ab" * 32 in str(caught.value)
    assert "cd" * 32 in str(caught.value)


def test_frames_of_another_shape_are_refused() -> None:
    with pytest.raises(FrameMismatchError, match=r"expected \(512, 14, 14\)"):
        pipeline.check(packed(), [SPEC.digest], (512, 14, 14))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codec": "gif"}, "unknown codec 'gif'"),
        ({"codec": ""}, "unknown codec ''"),
        ({"arrangement": ""}, "unknown arrangement ''"),
        ({"arrangement": "cube"}, "unknown arrangement 'cube'"),
    ],
)
def test_unknown_names_are_a_mismatch(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FrameMismatchError, match=message):
        pipeline.unpack(dataclasses.replace(packed(), **change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": {"level": 10}}, "level is 10"),
        ({"params": {"qp": 3}}, "no parameter 'qp'"),
        ({"params": {"level": "high"}}, "level is 'high'"),
        ({"arrangement": "rgb"}, "payload cannot be decoded"),
        ({"quantiser": None}, "no quantiser"),
        ({"quantiser": Quantiser(0, 1, 9)}, "9 bits"),
        ({"quantiser": Quantiser(0, 1, 16)}, "payload cannot be decoded"),
        ({"quantiser": Quantiser(1, 0, 8)}, "range 1 to 0"),
        ({"quantiser": Quantiser(0, float("inf"), 8)}, "finite"),
        ({"quantiser": Quantiser(float("nan"), 1, 8)}, "finite"),
        ({"quantiser": Quantiser(-1e39, 1, 8)}, "finite"),
        ({"payload": b""}, "payload cannot be decoded"),
        ({"payload": b"\x89PNG\r\n\x1a\n"}, "payload cannot be decoded"),
        ({"codec": "webp", "params": {}}, "webp payload cannot be decoded"),
        ({"codec": "raw", "params": {}}, "raw payload cannot be decoded"),
        ({"shape": (32, 28, 27)}, "payload cannot be decoded"),
    ],
)
def test_contradictory_frames_are_corrupt(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CorruptFrameError, match=message):
        pipeline.unpack(dataclasses.replace(packed(), **change))


@pytest.mark.parametrize(
    "shape", [(1 << 31, 1 << 31, 1 << 31), (1, 1 << 11, (1 << 11) + 1), (0, 1, 1), (1, 1, -1)]
)
@pytest.mark.parametrize("codec", ["raw", "png", "webp"])
def test_absurd_sizes_are_refused_before_anything_is_allocated(codec: str, shape: Shape) -> None:
    with pytest.raises(CorruptFrameError, match="claims a tensor"):
        pipeline.unpack(dataclasses.replace(packed(codec), shape=shape))
