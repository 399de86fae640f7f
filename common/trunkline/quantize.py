"""Min-max quantisation: float32 tensor <-> integer samples (equations 7 and 8 of the method)."""

from __future__ import annotations

import numpy as np

from trunkline.errors import ParameterError, TensorError
from trunkline.text import one_of
from trunkline.types import Quantised, Quantiser, Tensor

BITS = (8, 10, 12, 16)
"""Depths of samples; which of them a picture codec takes is its own matter."""


def minmax(tensor: Tensor, bits: int = 8) -> Quantised:
    """Quantise a (C, H, W) float32 tensor over its own range.

    q = round((v - min) / (max - min) * (2^bits - 1)), equation 7. A constant tensor becomes zeros
    with min = max and comes back exactly.

    Raises ParameterError for bits not in BITS, TensorError for NaN, Inf or a wrong type.
    """
    if bits not in BITS:
        raise ParameterError(f"bits is {bits}: expected {one_of(BITS)}")
    if tensor.dtype != np.float32 or tensor.ndim != 3 or tensor.size == 0:
        raise TensorError(
            f"feature tensor is {tensor.dtype}{tensor.shape}: expected float32 (C, H, W), not empty"
        )
    low, high = float(tensor.min()), float(tensor.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise TensorError(
            "feature tensor holds NaN or Inf: expected finite values; check the picture and trunk"
        )
    return apply(tensor, Quantiser(low, high, bits))


def apply(tensor: Tensor, quantiser: Quantiser) -> Quantised:
    """Quantise a (C, H, W) float32 tensor of values within a range that is known already."""
    low, high, bits = quantiser.min, quantiser.max, quantiser.bits
    kind = np.uint8 if bits == 8 else np.uint16
    if high == low:
        return Quantised(np.zeros(tensor.shape, kind), low, high, bits)
    # float64: in float32 a range near the type's end overflows, and 16 bits lose their last one
    scaled = (tensor.astype(np.float64) - low) * (((1 << bits) - 1) / (high - low))
    return Quantised(np.rint(scaled).astype(kind), low, high, bits)


def dequantize(quantised: Quantised) -> Tensor:
    """Undo `minmax`: v' = min + q * (max - min) / (2^bits - 1), equation 8; float32 (C, H, W)."""
    step = (quantised.max - quantised.min) / ((1 << quantised.bits) - 1)
    values = quantised.samples.astype(np.float64) * step + quantised.min
    return values.astype(np.float32)
