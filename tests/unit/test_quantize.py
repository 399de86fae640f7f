"""Min-max quantisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from trunkline import quantize
from trunkline.errors import ParameterError, TensorError
from trunkline.types import Quantiser, Tensor

SHAPES = npst.array_shapes(min_dims=3, max_dims=3, max_side=6)
TENSORS = npst.arrays(
    np.float32,
    SHAPES,
    elements=st.floats(-(2.0**100), 2.0**100, width=32),
)


@given(TENSORS, st.sampled_from([8, 16]))
def test_error_is_at_most_half_a_step(tensor: Tensor, bits: int) -> None:
    quantised = quantize.minmax(tensor, bits)
    restored = quantize.dequantize(quantised).astype(np.float64)
    step = (quantised.max - quantised.min) / ((1 << bits) - 1)
    rounding = max(abs(quantised.min), abs(quantised.max)) * 2.0**-23
    assert np.abs(restored - tensor.astype(np.float64)).max() <= step / 2 + rounding


@given(TENSORS, st.sampled_from([8, 16]))
def test_samples_that_come_back_are_the_same_samples(tensor: Tensor, bits: int) -> None:
    quantised = quantize.minmax(tensor, bits)
    again = quantize.apply(quantize.dequantize(quantised), quantised.quantiser)
    if (quantised.max - quantised.min) > 1e-3 * max(abs(quantised.min), abs(quantised.max)):
        np.testing.assert_array_equal(again.samples, quantised.samples)


def test_equation_7_by_hand() -> None:
    tensor = np.array([[[-1.0, 0.0, 0.5, 3.0]]], np.float32)
    quantised = quantize.minmax(tensor)
    # (v + 1) / 4 * 255
    np.testing.assert_array_equal(quantised.samples, [[[0, 64, 96, 255]]])
    assert (quantised.min, quantised.max, quantised.bits) == (-1.0, 3.0, 8)
    assert quantised.samples.dtype == np.uint8


def test_a_signed_tensor_keeps_its_range() -> None:
    tensor = np.linspace(-7, 3, 512, dtype=np.float32).reshape(2, 16, 16)
    error = np.abs(quantize.dequantize(quantize.minmax(tensor)) - tensor).max()
    assert error <= 10 / 255 / 2 + 1e-6


def test_sixteen_bits_are_finer() -> None:
    tensor = np.linspace(-7, 3, 512, dtype=np.float32).reshape(2, 16, 16)
    quantised = quantize.minmax(tensor, 16)
    assert quantised.samples.dtype == np.uint16
    assert np.abs(quantize.dequantize(quantised) - tensor).max() <= 10 / 65535 / 2 + 1e-6


@pytest.mark.parametrize("value", [0.0, -3.25, 1e30, 1e-40])
def test_a_constant_tensor_comes_back_exactly(value: float) -> None:
    tensor = np.full((2, 3, 4), value, np.float32)
    np.testing.assert_array_equal(quantize.dequantize(quantize.minmax(tensor)), tensor)


def test_the_widest_range_does_not_overflow() -> None:
    most = np.finfo(np.float32).max
    tensor = np.array([[[-most, 0, most]]], np.float32)
    restored = quantize.dequantize(quantize.minmax(tensor, 16))
    assert np.isfinite(restored).all()
    assert restored[0, 0, 0] == -most


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_are_refused(bad: float) -> None:
    tensor = np.zeros((2, 3, 4), np.float32)
    tensor[1, 2, 3] = bad
    with pytest.raises(TensorError, match="NaN or Inf"):
        quantize.minmax(tensor)


@pytest.mark.parametrize(
    "tensor", [np.zeros((3, 4), np.float32), np.zeros((1, 2, 3)), np.zeros((0, 2, 3), np.float32)]
)
def test_what_is_no_feature_tensor_is_refused(tensor: Tensor) -> None:
    with pytest.raises(TensorError, match="expected float32"):
        quantize.minmax(tensor)


@pytest.mark.parametrize("bits", [0, 7, 11, 32])
def test_other_depths_are_refused(bits: int) -> None:
    with pytest.raises(ParameterError, match="expected 8, 10, 12 or 16"):
        quantize.minmax(np.zeros((1, 1, 1), np.float32), bits)


def test_a_known_range_can_be_applied() -> None:
    tensor = np.array([[[1.0, 2.0]]], np.float32)
    samples = quantize.apply(tensor, Quantiser(0.0, 4.0, 8)).samples
    np.testing.assert_array_equal(samples, [[[64, 128]]])
