"""What every codec of the table does; a new codec is tested by its line in SETTINGS."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.samples import features, waves
from trunkline import codecs, tiling
from trunkline.codecs import PictureCodec
from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.quantize import minmax
from trunkline.types import ParameterValue, Samples


@dataclass(frozen=True)
class Setting:
    """A codec with parameters, and the mean squared error it may leave in a real mosaic."""

    id: str
    mse: float
    params: dict[str, ParameterValue] = field(default_factory=dict)

    def make(self) -> PictureCodec:
        codec = codecs.get(self.id, **self.params)
        assert isinstance(codec, PictureCodec)
        return codec


SETTINGS = [
    Setting("raw", 0),
    Setting("png", 0),
    Setting("png", 0, {"level": 0}),
    Setting("webp", 30, {"quality": 80}),
    Setting("webp", 0, {"lossless": True}),
    Setting("avif", 60, {"quality": 60}),
    Setting("heif", 60, {"quality": 40}),
    Setting("jpeg", 60, {"quality": 80}),
    Setting("jpeg2000", 80, {"psnr": 32}),
    Setting("jpeg2000", 0, {"lossless": True}),
    Setting("jpegxl", 80, {"distance": 2.0}),
    Setting("jpegxl", 0, {"lossless": True}),
    Setting("bpg", 60, {"qp": 30}),
    Setting("bpg", 60, {"qp": 30, "effort": 0}),
    Setting("bpg", 60, {"qp": 30, "effort": 1}),
    Setting("bpg", 0, {"lossless": True}),
]
each_setting = pytest.mark.parametrize(
    "setting", SETTINGS, ids=lambda s: "-".join([s.id, *map(str, s.params.values())])
)
LIGHT = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def plane(bits: int = 8) -> Samples:
    """A real mosaic, 112 x 224."""
    return tiling.mosaic(minmax(features(), bits).samples)


def test_every_codec_has_a_setting() -> None:
    assert {setting.id for setting in SETTINGS} == {info.id for info in codecs.table()}


@each_setting
def test_a_real_mosaic_comes_back(setting: Setting) -> None:
    codec = setting.make()
    source = plane()
    decoded = codec.decode(codec.encode(source), source.shape)
    assert decoded.shape == source.shape
    assert decoded.dtype == source.dtype
    assert np.square(decoded.astype(float) - source).mean() <= setting.mse


@each_setting
def test_every_depth_it_claims(setting: Setting) -> None:
    codec = setting.make()
    for bits in codec.bits:
        source = plane(bits)
        decoded = codec.decode(codec.encode(source, bits), source.shape, bits)
        assert decoded.dtype == (np.uint8 if bits == 8 else np.uint16)
        scale = float((1 << bits) - 1) / 255
        assert np.square((decoded.astype(float) - source) / scale).mean() <= setting.mse


@each_setting
def test_colour_pictures(setting: Setting) -> None:
    codec = setting.make()
    source = tiling.arrange(plane(), "rgb")
    decoded = codec.decode(codec.encode(source), source.shape)
    assert decoded.shape == source.shape
    if setting.mse == 0:
        np.testing.assert_array_equal(decoded, source)


@each_setting
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 3), (16, 500)])
def test_small_and_odd_sizes(setting: Setting, shape: tuple[int, int]) -> None:
    codec = setting.make()
    source = (np.indices(shape).sum(0) * 3 % 256).astype(np.uint8)
    decoded = codec.decode(codec.encode(source), shape)
    assert decoded.shape == shape
    assert np.square(decoded.astype(float) - source).mean() <= max(setting.mse, 0)


@each_setting
def test_it_gives_the_same_bytes_every_time(setting: Setting) -> None:
    assert setting.make().encode(plane()) == setting.make().encode(plane())


@each_setting
def test_truncated_payloads_are_refused(setting: Setting) -> None:
    codec = setting.make()
    source = plane()
    payload = codec.encode(source)
    for end in (0, 1, 8, len(payload) // 2, len(payload) - 1):
        with pytest.raises(CorruptFrameError):
            codec.decode(payload[:end], source.shape)


@each_setting
def test_a_picture_of_another_size_is_refused(setting: Setting) -> None:
    codec = setting.make()
    payload = codec.encode(plane())
    for shape in ((112, 223), (28, 28), (1000, 1000)):
        with pytest.raises(CorruptFrameError):
            codec.decode(payload, shape)


@each_setting
@LIGHT
@given(data=st.data())
def test_damage_ends_in_an_error_or_a_picture(setting: Setting, data: st.DataObject) -> None:
    codec = setting.make()
    source = tiling.mosaic(minmax(waves()).samples)
    payload = bytearray(codec.encode(source))
    for _ in range(data.draw(st.integers(1, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = codec.decode(bytes(payload), source.shape)
    except CorruptFrameError:
        return
    assert decoded.shape == source.shape


@each_setting
@LIGHT
@given(payload=st.binary(max_size=200))
def test_noise_is_refused(setting: Setting, payload: bytes) -> None:
    with pytest.raises(CorruptFrameError):
        setting.make().decode(payload, (112, 224))


@each_setting
@pytest.mark.parametrize("arrangement", tiling.ARRANGEMENTS)
def test_its_files_are_recognised_and_say_what_they_are(setting: Setting, arrangement: str) -> None:
    codec = setting.make()
    for bits in codec.bits:
        picture = tiling.arrange(plane(bits), arrangement)
        payload = codec.encode(picture, bits)
        if codec.id == "raw":
            assert codecs.recognise(payload) is None
            with pytest.raises(ParameterError, match="whole frame"):
                codec.probe(payload)
            continue
        recognised = codecs.recognise(payload)
        assert recognised is not None
        assert recognised.id == codec.id
        shape, depth = codec.probe(payload)
        assert (shape[:2], depth) == ((112, 224), bits)
        decoded = recognised.decode(payload, shape, depth)
        decoded = decoded if decoded.ndim == picture.ndim else decoded[..., 1]  # grey as colour
        np.testing.assert_array_equal(decoded, codec.decode(payload, picture.shape, bits))


@each_setting
def test_noise_behind_the_magic_has_no_size(setting: Setting) -> None:
    codec = setting.make()
    if codec.magic:
        with pytest.raises(CorruptFrameError):
            codec.probe(codec.magic + bytes(40))


@each_setting
def test_parameters_are_frozen_and_whole(setting: Setting) -> None:
    codec = setting.make()
    (info,) = [info for info in codecs.table() if info.id == setting.id]
    assert set(codec.params) == set(info.parameters)
    assert codecs.get(setting.id, **codec.params) == codec
    for name in codec.params:
        with pytest.raises(AttributeError):
            setattr(codec, name, 1)


@pytest.mark.parametrize("info", codecs.table(), ids=lambda info: info.id)
def test_parameters_out_of_bounds_are_refused(info: codecs.CodecInfo) -> None:
    for name, about in info.parameters.items():
        wrong: list[ParameterValue] = ["much"] if about["type"] != "str" else [1]
        if about["min"] is not None:
            wrong += [about["min"] - 1, about["max"] + 1, True, float("nan")]
        for value in wrong:
            with pytest.raises(ParameterError, match=name):
                codecs.get(info.id, **{name: value})
    with pytest.raises(ParameterError, match="has no parameter 'sparkle'"):
        codecs.get(info.id, sparkle=1)
