"""Tensors and pictures that several tests use."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image

from trunkline import trunks
from trunkline.types import Preprocess, Tensor, TrunkSpec

SPEC = TrunkSpec(
    name="mobilenet_v2",
    set="keras-160",
    cut="bottleneck7",
    shape=(32, 28, 28),
    digest="ab" * 32,
    preprocess=Preprocess(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
)


def waves(shape: tuple[int, int, int] = SPEC.shape) -> Tensor:
    """A smooth signed (C, H, W) tensor, the same on every machine: integers over 16."""
    channels, rows, columns = np.indices(shape)
    values = (rows * (channels % 5 + 1) + columns * (channels % 3 + 1)) % 97 - 48
    tensor: Tensor = (values / 16).astype(np.float32)
    return tensor


def photograph(name: str = "chelsea") -> Image.Image:
    """One of the demo's pictures, RGB."""
    path = files("trunkline.demo") / "pictures" / f"{name}.jpg"
    with path.open("rb") as file:
        return Image.open(file).convert("RGB")


@cache
def features(name: str = "chelsea") -> Tensor:
    """The released trunk's (32, 28, 28) tensor of a demo picture."""
    trunk = trunks.load("mobilenet_v2", threads=1)
    batch: Tensor = trunk.forward(trunk.preprocess(photograph(name))[None])
    tensor: Tensor = batch[0]
    return tensor
