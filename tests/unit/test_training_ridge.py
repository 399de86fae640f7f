"""Least squares: ridge regression and the convolution fitted with it."""

from __future__ import annotations

import numpy as np
import pytest

from trunkline_training import stitch
from trunkline_training.ridge import Ridge


def test_an_exact_relation_is_found() -> None:
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(3, 5)), rng.normal(size=3)
    sums = Ridge(5, 3)
    for _ in range(4):
        x = rng.normal(2.0, 1.0, size=(50, 5))
        sums.add(x, x @ weight.T + bias)
    found, constant = sums.solve(0.0)
    np.testing.assert_allclose(found, weight, atol=1e-8)
    np.testing.assert_allclose(constant, bias, atol=1e-8)
    assert sums.count == 200


def test_the_penalty_shrinks_the_weights_and_not_the_constant() -> None:
    x = np.array([[-1.0], [1.0]])
    sums = Ridge(1, 1)
    sums.add(x, 3 * x + 10)
    weight, constant = sums.solve(2.0)  # sum x^2 = 2: half of 3 is left
    assert weight[0, 0] == pytest.approx(1.5)
    assert constant[0] == pytest.approx(10)
    assert sums.explained(weight) == pytest.approx(18 - 2 * 1.5**2)


def test_a_convolution_is_recovered() -> None:
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(4, 4, 3, 3)).round(1)
    bias = np.array([1.0, -2.0, 0.5, 0.0])
    batches = [rng.normal(size=(2, 4, 7, 6)).astype(np.float32) for _ in range(6)]

    def convolved(batch: np.ndarray) -> np.ndarray:
        padded = np.pad(batch, ((0, 0), (0, 0), (1, 1), (1, 1)))
        out = np.zeros_like(batch) + bias[:, None, None]
        for dy in range(3):
            for dx in range(3):
                part = padded[:, :, dy : dy + 7, dx : dx + 6]
                out += np.einsum("oc,nchw->nohw", weight[:, :, dy, dx], part)
        result: np.ndarray = out.astype(np.float32)
        return result

    conv, explained = stitch.fit((batch, convolved(batch)) for batch in batches)
    np.testing.assert_allclose(conv.weight, weight, atol=2e-3)
    np.testing.assert_allclose(conv.bias, bias, atol=2e-3)
    assert explained == pytest.approx(1, abs=1e-3)
