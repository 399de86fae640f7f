"""Features as tasks receive them: which pass BPG, and that it stays so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import train_kit
from trunkline import codecs, pipeline, trunks
from trunkline.errors import EngineError

pytest.importorskip("torch")
pytest.importorskip("av")
pytestmark = pytest.mark.torch

from trunkline_training.train.config import Training  # noqa: E402
from trunkline_training.train.models import features  # noqa: E402
from trunkline_training.train.received import EFFORT, Received  # noqa: E402

TRUNK = trunks.load("mobilenet_v2", threads=1)


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.float32]:
    rng = np.random.default_rng(3)
    rough = rng.uniform(0, 255, (24, 3, 7, 7))
    return np.kron(rough, np.ones((32, 32))).astype(np.float32)


def received(pixels: NDArray[np.float32], **settings: object) -> NDArray[np.float32]:
    return Received(Training(threads=1, **settings), TRUNK)(pixels)  # type: ignore[arg-type]


def test_without_a_share_they_are_the_trunks(pixels: NDArray[np.float32]) -> None:
    assert np.array_equal(received(pixels), features(TRUNK, pixels))


def test_with_all_of_them_each_is_what_the_frame_holds(pixels: NDArray[np.float32]) -> None:
    found = received(pixels[:3], coded=1.0, coded_qp=(35,))
    codec = codecs.get("bpg", qp=35, effort=EFFORT)
    for tensor, ours in zip(features(TRUNK, pixels[:3]), found, strict=True):
        assert np.array_equal(ours, pipeline.unpack(pipeline.pack(tensor, TRUNK.spec, codec)))


def test_a_share_of_them_is_coded_and_always_the_same_ones(pixels: NDArray[np.float32]) -> None:
    plain = features(TRUNK, pixels)
    first = received(pixels, coded=0.5)
    coded = [not np.array_equal(ours, tensor) for ours, tensor in zip(first, plain, strict=True)]
    assert 4 <= sum(coded) <= 20
    assert np.array_equal(first, received(pixels, coded=0.5))
    assert not np.array_equal(first, received(pixels, coded=0.5, seed=2))


def test_the_name_of_what_made_them_tells_them_apart() -> None:
    settings = [{}, {"coded": 0.5}, {"coded": 0.6}, {"coded": 0.5, "coded_qp": (35,)}]
    names = {Received(Training(**given), TRUNK).made_by for given in settings}  # type: ignore[arg-type]
    assert len(names) == len(settings)


def test_in_bfloat16_they_are_nearly_the_same_or_the_cpu_is_named(
    pixels: NDArray[np.float32], tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    config = Training(threads=1, features="bf16", output=str(train_kit.models(tmp_path)))
    try:
        made = Received(config, TRUNK)
    except EngineError as error:
        assert "f32" in str(error)  # noqa: PT017 - a machine with bf16 raises nothing
        return
    ours, exact = made(pixels), features(TRUNK, pixels)
    assert 0 < np.abs(ours - exact).max() < 0.1 * np.ptp(exact)
    assert made.made_by != Received(Training(threads=1), TRUNK).made_by
