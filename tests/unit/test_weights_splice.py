"""A tail cut in two and joined again behind a convolution of another trunk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.samples import features
from trunkline import engines
from trunkline.errors import WeightsError
from trunkline.weights import ModelStore
from trunkline.weights.conv import Conv
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline.weights.store import bundle_root

pytest.importorskip("onnx")
pytestmark = pytest.mark.torch

from trunkline.weights import splice  # noqa: E402

MIDDLE = "13.add"
"""(96, 14, 14) of MobileNetV2."""


def released(task: str) -> bytes:
    entry = ModelStore((bundle_root(),)).tail("mobilenet_v2", "keras-160", task)
    return entry.verified_path().read_bytes()


def run(content: bytes, folder: Path, batch: np.ndarray) -> np.ndarray:
    path = folder / "part.onnx"
    path.write_bytes(content)
    return engines.load("onnxruntime", path, threads=1).run(batch)[0]


def passing(channels: int) -> Conv:
    """A 3x3 convolution that changes nothing."""
    weight = np.zeros((channels, channels, 3, 3), np.float16)
    weight[range(channels), range(channels), 1, 1] = 1
    return Conv(weight, np.zeros(channels, np.float16))


@pytest.mark.parametrize("task", ["classifier", "ssd"])
def test_both_parts_together_are_the_tail(task: str, tmp_path: Path) -> None:
    content, batch = released(task), features()[None]
    middle = run(splice.up_to(content, MIDDLE), tmp_path, batch)
    assert middle.shape == (1, 96, 14, 14)
    rest = splice.behind(content, MIDDLE, (96, 14, 14), {STITCH: passing(96)})
    np.testing.assert_allclose(
        run(rest, tmp_path, middle), run(content, tmp_path, batch), rtol=1e-4, atol=1e-4
    )
    assert len(rest) < len(content) + 200_000  # what lies before the cut is gone, for a stitch


def test_the_convolution_comes_first(tmp_path: Path) -> None:
    content = released("classifier")
    rng = np.random.default_rng(5)
    conv = Conv(
        rng.normal(0, 0.01, (96, 512, 3, 3)).astype(np.float16),
        rng.normal(0, 1, 96).astype(np.float16),
    )
    part = splice.behind(content, MIDDLE, (512, 14, 14), {STITCH: conv})
    zeros = run(part, tmp_path, np.zeros((1, 512, 14, 14), np.float32))
    bias = np.ones((14, 14)) * conv.bias.astype(np.float32)[:, None, None]
    known = splice.behind(content, MIDDLE, (96, 14, 14), {STITCH: passing(96)})
    np.testing.assert_allclose(
        zeros, run(known, tmp_path, bias[None].astype(np.float32)), rtol=1e-3, atol=1e-3
    )


def test_layers_with_other_weights(tmp_path: Path) -> None:
    """A last convolution that says nothing leaves the linear layer's bias."""
    content, batch = released("classifier"), features()[None]
    quiet = Conv(np.zeros((1280, 320, 1, 1), np.float16), np.zeros(1280, np.float16))
    part = splice.behind(content, MIDDLE, (96, 14, 14), {STITCH: passing(96), "18": quiet})
    middle = run(splice.up_to(content, MIDDLE), tmp_path, batch)
    said = run(part, tmp_path, middle)
    np.testing.assert_array_equal(said, run(part, tmp_path, 2 * middle))
    assert np.abs(said - run(content, tmp_path, batch)).max() > 1


def test_layers_that_the_tail_has_not_are_refused() -> None:
    other = {STITCH: passing(96), "18": passing(4)}
    with pytest.raises(WeightsError, match=r"the tail has no 18\.weight of \(4, 4, 3, 3\)"):
        splice.behind(released("classifier"), MIDDLE, (96, 14, 14), other)


@pytest.mark.parametrize(
    ("tensor", "channels", "message"),
    [
        ("nowhere", 96, "the tail cannot be cut at"),
        (MIDDLE, 32, "the convolution gives .*: the tail's 13.add is"),
    ],
)
def test_what_does_not_fit_is_refused(tensor: str, channels: int, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        splice.behind(
            released("classifier"), tensor, (channels, 14, 14), {STITCH: passing(channels)}
        )
