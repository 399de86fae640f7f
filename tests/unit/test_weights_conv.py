"""Folding, rounding, padding and the trunk digest."""

from __future__ import annotations

import numpy as np
import pytest

from trunkline.errors import WeightsError
from trunkline.types import Preprocess
from trunkline.weights.conv import BatchNorm, Conv, fold, half, rounded, same_padding
from trunkline.weights.digest import trunk_digest

PREPROCESS = Preprocess(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))


def norm(channels: int) -> BatchNorm:
    steps = np.arange(1, channels + 1, dtype=np.float32)
    return BatchNorm(steps / 4, steps / 8 - 1, steps / 16, steps / 2, 1e-3)


def convs() -> list[Conv]:
    weight = (np.arange(2 * 3 * 3 * 3, dtype=np.float32).reshape(2, 3, 3, 3) - 27) / 64
    return [fold(weight, norm(2)), rounded(weight[:, :2], np.array([0.5, -0.25]))]


def digest(**changes: object) -> str:
    fields: dict[str, object] = {
        "cut": "bottleneck7",
        "shape": (32, 28, 28),
        "padding": "tf-same",
        "activation": "relu6",
        "preprocess": PREPROCESS,
    }
    return trunk_digest(convs(), **(fields | changes))  # type: ignore[arg-type]


def test_folding_gives_what_convolution_and_norm_give() -> None:
    weight = np.random.default_rng(1).normal(size=(4, 3, 1, 1)).astype(np.float32)
    folded, stats = fold(weight, norm(4)), norm(4)
    x = np.array([0.5, -1.0, 2.0])
    scale = stats.gamma / np.sqrt(stats.variance + stats.epsilon)
    expected = (weight[:, :, 0, 0] @ x - stats.mean) * scale + stats.beta
    got = folded.weight[:, :, 0, 0].astype(float) @ x + folded.bias
    np.testing.assert_allclose(got, expected, atol=4e-3)
    assert folded.weight.dtype == folded.bias.dtype == np.float16


@pytest.mark.parametrize("value", [1e6, np.nan, np.inf])
def test_weights_beyond_float16_are_refused(value: float) -> None:
    with pytest.raises(WeightsError, match="float16"):
        half(np.array([1.0, value]))


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(WeightsError, match="expected"):
        rounded(np.zeros((2, 3, 3, 3)), np.zeros(3))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (224, 3, 2, "tf-same", (0, 1)),
        (224, 3, 2, "symmetric", (1, 1)),
        (7, 3, 2, "tf-same", (1, 1)),
        (28, 3, 1, "tf-same", (1, 1)),
        (28, 1, 1, "tf-same", (0, 0)),
        (28, 1, 1, "symmetric", (0, 0)),
    ],
)
def test_padding(size: int, kernel: int, stride: int, padding: str, expected: object) -> None:
    assert same_padding(size, kernel, stride, padding) == expected  # type: ignore[arg-type]


def test_the_digest_is_the_same_for_ever() -> None:
    assert digest() == "66d355ed61f96bc37b4423662c4d09fe45a5a7eeb2515d5e967b4ec935f9a41d"


@pytest.mark.parametrize(
    "changes",
    [
        {"cut": "bottleneck6"},
        {"shape": (32, 28, 27)},
        {"padding": "symmetric"},
        {"activation": "relu"},
        {"preprocess": Preprocess(mean=(127.5, 127.5, 127.5), std=(128.0, 127.5, 127.5))},
    ],
)
def test_the_digest_covers_all_that_makes_the_function(changes: dict[str, object]) -> None:
    assert digest(**changes) != digest()


def test_the_digest_covers_every_weight_and_their_order() -> None:
    first, second = convs()
    fields = {"cut": "c", "shape": (1, 1, 1), "padding": "tf-same", "activation": "relu6"}

    def of(*items: Conv) -> str:
        return trunk_digest(items, preprocess=PREPROCESS, **fields)  # type: ignore[arg-type]

    nudged = Conv(first.weight, np.nextafter(first.bias, np.float16(9)))
    assert len({of(first, second), of(second, first), of(nudged, second), of(first)}) == 4
