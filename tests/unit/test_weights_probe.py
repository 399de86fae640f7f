"""The probe picture and the distance between two responses to it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from trunkline.types import Preprocess
from trunkline.weights import probe


def test_the_picture_is_the_same_for_ever() -> None:
    picture = probe.picture()
    assert picture.shape == (224, 224, 3)
    assert picture.dtype == np.uint8
    assert (
        hashlib.sha256(picture.tobytes()).hexdigest()
        == "9831f50317fd29cfda1f0bc2c7779a8978ecb60683cfadddd81fb35bc0a6e1d9"
    )


def test_the_batch_is_preprocessed() -> None:
    batch = probe.batch(Preprocess(mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 8.0)))
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch[0, 1, 5, 7] == (float(probe.picture()[5, 7, 1]) - 2) / 4


def test_the_response_is_one_mean_a_channel() -> None:
    features = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    assert probe.response(features) == (5.5, 17.5)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [((3.0, 4.0), (3.0, 4.0), 0.0), ((3.0, 4.5), (3.0, 4.0), 0.1), ((1.0,), (1.0, 2.0), np.inf)],
)
def test_distance(ours: tuple[float, ...], theirs: tuple[float, ...], expected: float) -> None:
    assert probe.distance(ours, theirs) == pytest.approx(expected)
