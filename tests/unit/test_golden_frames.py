"""Frames written once must decode forever.

`tests/golden/frames/*.frame` hold `samples.waves()` as the first release coded it. A codec or
proto change that cannot read them any more breaks frames that users have kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.samples import SPEC, waves
from trunkline import pipeline, wire

FOLDER = Path(__file__).parents[1] / "golden" / "frames"
MSE = {
    "avif-60": 0.05,
    "bpg-30": 0.02,
    "heif-50": 0.05,
    "jpeg-75": 0.05,
    "jpeg2000-32": 0.05,
    "jpeg2000-lossless-16": 1e-9,
    "jpegxl-2": 0.05,
    "jpegxl-lossless-16": 1e-9,
    "png-16-rgb": 1e-9,
    "raw-16": 1e-9,
    "raw-8": 5e-5,
    "webp-80": 0.02,
    "webp-lossless": 5e-5,
}


def test_every_golden_frame_is_listed() -> None:
    assert {path.stem for path in FOLDER.glob("*.frame")} == set(MSE)


@pytest.mark.parametrize("name", MSE)
def test_golden_frames_decode(name: str) -> None:
    frame = wire.frame_from_bytes((FOLDER / f"{name}.frame").read_bytes())
    assert (frame.trunk, frame.cut, frame.shape) == (SPEC.name, SPEC.cut, SPEC.shape)
    assert (frame.digest, frame.image_size, frame.capture_time) == ("ab" * 32, (640, 427), 1.5e9)
    assert np.square(pipeline.unpack(frame) - waves()).mean() <= MSE[name]
