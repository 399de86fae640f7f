"""Named lists of settings."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.errors import UnknownNameError
from trunkline_benchmarks.sweep.settings import FLOAT32, Setting, grid

PAPER_QP = (10, 20, 30, 35, 40, 50)
PAPER_QUALITY = tuple(range(10, 91, 10))
ARRANGEMENTS = ("luma", "rgb")
BETWEEN_QP = (25, 32, 38, 45)
LOW_QUALITY = (1, 5)
"""Beyond the paper's: around the knee, and down to where WebP's and BPG's curves share bytes."""
PICTURE_QUALITY = {
    "jpeg": (5, 10, 20, 35, 50, 75, 90),
    "webp": (1, 5, 10, 25, 50, 75, 90),
    "avif": (10, 20, 30, 40, 50, 65, 80),
}
PICTURE_QP = (20, 24, 28, 32, 36, 40, 45)


def paper() -> Iterator[Setting]:
    """The published tables' settings, in both arrangements, and everything in `anchors`."""
    yield from grid("features", "bpg", {"qp": PAPER_QP}, ARRANGEMENTS)
    yield from grid("features", "bpg", {"qp": BETWEEN_QP}, ["luma"])
    yield from grid("features", "webp", {"quality": PAPER_QUALITY}, ARRANGEMENTS)
    yield from grid("features", "webp", {"quality": LOW_QUALITY}, ["luma"])
    yield from anchors()


def anchors() -> Iterator[Setting]:
    """What features have to be compared with.

    The picture itself, features without loss, everything at the edge, everything in the cloud.
    """
    for codec, qualities in PICTURE_QUALITY.items():
        yield from grid("picture", codec, {"quality": qualities}, [""])
    yield from grid("picture", "bpg", {"ycc420": [True], "qp": PICTURE_QP}, [""])
    yield Setting("floats", FLOAT32)
    yield Setting("floats", "float16")
    yield Setting("floats", "float16-deflate")
    yield Setting("features", "png", {}, "luma")
    yield Setting("features", "webp", {"lossless": True}, "luma")
    yield Setting("features", "bpg", {"lossless": True}, "luma")
    yield Setting("answer", "edge-only")
    yield Setting("file", "cloud-only")


PRESETS = {"paper": paper, "anchors": anchors}


def settings(name: str) -> list[Setting]:
    """The settings of a preset. Raises UnknownNameError."""
    if name not in PRESETS:
        raise UnknownNameError("preset", name, list(PRESETS))
    return list(PRESETS[name]())
