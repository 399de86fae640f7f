"""How x265 is told to write what BPG can hold, and the quantiser that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

EFFORTS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("ultrafast", 16, 16, {"signhide": 1, "tu-intra-depth": 2, "tu-inter-depth": 2}),
    (
        "ultrafast",
        16,
        16,
        {"signhide": 1, "tu-intra-depth": 3, "tu-inter-depth": 3, "rdoq-level": 2},
    ),
    ("medium", 64, 8, {"rdoq-level": 2, "tskip": 1}),
    ("slower", 64, 8, {"rdoq-level": 2, "tskip": 1}),
)
"""Preset, largest coding tree block, minimum coding block and additions per effort.

The presets between these change intra pictures by next to nothing. The minimum coding block decides
over speed; with one size of block alone, depth of the transform tree is what pays best.
"""

STILL: dict[str, int | str] = {
    # one intra picture in, one out, on the caller's behalf only
    "keyint": 1,
    "bframes": 0,
    "open-gop": 0,
    "scenecut": 0,
    "rc-lookahead": 0,
    "pools": "none",
    "frame-threads": 1,
    "wpp": 0,
    "log-level": "none",
    # what BPG fixes
    "rect": 1,
    "amp": 1,
    "temporal-mvp": 1,
    "log2-max-poc-lsb": 8,
    # no units beyond parameter sets and the slice
    "repeat-headers": 1,
    "annexb": 1,
    "info": 0,
    "hash": 0,
    # perceptual tools serve the eye and cost features; ipratio 1 lets qp be the intra picture's
    "psy-rd": 0,
    "psy-rdoq": 0,
    "aq-mode": 0,
    "cutree": 0,
    "ipratio": 1,
    # nothing to gain in a mosaic; and with them x265 writes a flag, without effect in a picture of
    # one slice, that changes with the number of pictures it has coded
    "no-deblock": 1,
    "no-sao": 1,
}


LONGEST_SIDE = 4096
"""Samples; the levels beyond want tree blocks that narrow pictures have no room for."""
MOST_IN_TREE_BLOCKS_OF_16 = 2_228_224
"""Samples of a picture of level 4.1; the levels above want larger tree blocks (H.265, A.4.1)."""


@dataclass(frozen=True)
class Settings:
    """What the caller chooses, and the minimum coding block that follows from it."""

    qp: int
    effort: int
    lossless: bool
    block: int


def min_block(effort: int, height: int, width: int) -> int:
    """The minimum coding block that lets a picture of this size, padded to it, into x265.

    x265 takes no side below its smallest coding tree block of 16 samples.
    """
    return 16 if min(height, width) <= 8 else EFFORTS[effort][2]


def options(settings: Settings, height: int, width: int) -> dict[str, str]:
    """libavcodec's options for a picture padded to whole minimum coding blocks."""
    preset, _, _, additions = EFFORTS[settings.effort]
    params: dict[str, int | str] = {
        **STILL,
        **additions,
        "ctu": _tree_block(settings.effort, height, width),
        "min-cu-size": settings.block,
        "qp": settings.qp,
    }
    if settings.lossless:
        params["lossless"] = 1
    text = ":".join(f"{name}={value}" for name, value in params.items())
    return {"preset": preset, "x265-params": text, "forced-idr": "1"}


def _tree_block(effort: int, height: int, width: int) -> int:
    """The largest coding tree block that the effort wants and that such a picture may have."""
    largest = max(EFFORTS[effort][1], 32 if height * width > MOST_IN_TREE_BLOCKS_OF_16 else 16)
    side = min(height, width)
    return min(largest, 64 if side >= 64 else 32 if side >= 32 else 16)
