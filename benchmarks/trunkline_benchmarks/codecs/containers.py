"""What containers cost: bytes of pictures with next to nothing in them."""

from __future__ import annotations

import numpy as np

from trunkline.codecs import PictureCodec
from trunkline.codecs.abc import sample_type
from trunkline.errors import TrunklineError
from trunkline_benchmarks.codecs.settings import Setting
from trunkline_benchmarks.shards import Row, Shard

CONSTANT = (112, 224)
"""The size of a bottleneck7 mosaic."""
SIDES = (1, 2, 4, 8, 16, 32, 64)
"""Squares, smallest first: not every codec takes one pixel."""


def measure(shard: Shard) -> list[Row]:
    """A row for each setting of `work`: bytes of a grey plane, and of the smallest one it takes.

    Feature codecs have no picture of their own and get no row.
    """
    settings = [Setting(**document) for document in shard.work["settings"]]
    return [
        _row(setting, codec)
        for setting in settings
        if isinstance(codec := setting.made(), PictureCodec)
    ]


def _row(setting: Setting, codec: PictureCodec) -> Row:
    side, smallest = _smallest(codec, setting.bits)
    return {
        "container": setting.name,
        "constant_bytes": len(codec.encode(_grey(CONSTANT, setting.bits), setting.bits)),
        "smallest_side": side,
        "smallest_bytes": smallest,
    }


def _smallest(codec: PictureCodec, bits: int) -> tuple[int, int]:
    """Side and bytes of the smallest grey square that comes back from the codec."""
    for side in SIDES:
        picture = _grey((side, side), bits)
        try:
            payload = codec.encode(picture, bits)
            codec.decode(payload, picture.shape, bits)
        except (TrunklineError, RuntimeError, ValueError, OSError):  # libraries refuse in any way
            continue
        return side, len(payload)
    raise TrunklineError(f"{codec.id} takes no grey square of up to {SIDES[-1]} pixels")


def _grey(shape: tuple[int, int], bits: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """Half of the range everywhere."""
    return np.full(shape, 1 << (bits - 1), np.dtype(sample_type(bits)))
