"""What every trunk is and does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trunkline.engines.abc import Network
from trunkline.errors import ImageError, TensorError, WeightsError
from trunkline.types import Preprocess, Shape, Tensor, TrunkSpec


@dataclass(frozen=True)
class TrunkKind:
    """A trunk without its weights: where it is cut, its output (C, H, W), its weight sets."""

    name: str
    cut: str
    shape: Shape
    convolutions: int
    sets: tuple[str, ...]

    @property
    def default_set(self) -> str:
        """The set that is meant where none is named."""
        return self.sets[0]

    def set_or_own(self, named: str | None) -> str:
        """The set that is named, or the trunk's own where none is."""
        return named or self.default_set

    def check(self, spec: TrunkSpec) -> None:
        """Raise WeightsError unless `spec` is this trunk with this cut and shape."""
        if (spec.name, spec.cut, spec.shape) != (self.name, self.cut, self.shape):
            raise WeightsError(
                f"the store has {spec.name} cut at {spec.cut}, {spec.shape}: expected {self.name} "
                f"cut at {self.cut}, {self.shape}; build it again with: trunkline weights build "
                f"--trunk {self.name} --set {spec.set}"
            )


def preprocess(recipe: Preprocess, image: Image.Image) -> Tensor:
    """The whole RGB picture squashed by Pillow's bilinear filter, (x - mean) / std.

    Gives (3, H, W) float32; ImageError for a picture of another mode.
    """
    if image.mode != "RGB":
        raise ImageError(f"a picture of mode {image.mode}: expected RGB; convert it first")
    return normalise(recipe, squash(recipe, image).transpose(2, 0, 1))  # (H, W, C) -> (C, H, W)


def squash(recipe: Preprocess, image: Image.Image) -> NDArray[np.uint8]:
    """The whole picture as the recipe's (H, W, 3), whatever its sides' ratio."""
    height, width = recipe.size
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def normalise(recipe: Preprocess, planes: NDArray[Any]) -> Tensor:
    """(x - mean) / std of pixels (..., 3, H, W) of 0..255, whatever their type and order.

    A channel at a time, straight into its place: a tenth of the time that whole arrays take.
    """
    values = np.empty(planes.shape, np.float32)
    for channel, (mean, std) in enumerate(zip(recipe.mean, recipe.std, strict=True)):
        plane = values[..., channel, :, :]
        np.subtract(planes[..., channel, :, :], np.float32(mean), out=plane, dtype=np.float32)
        np.divide(plane, np.float32(std), out=plane)
    return values


class Trunk:
    """A trunk with its weights on an engine. Stateless between calls."""

    def __init__(self, spec: TrunkSpec, network: Network) -> None:
        self.spec = spec
        self._network = network

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._network.engine

    @property
    def precision(self) -> str:
        """What the engine computes in, `f32` or `bf16`."""
        return self._network.precision

    @property
    def enough_pixels(self) -> int:
        """How many a side a picture needs to be decoded to, before it is resized for this trunk.

        Twice the input's side: with less, the resizing filter would have too little to average.
        """
        return 2 * max(self.spec.preprocess.size)

    def preprocess(self, image: Image.Image) -> Tensor:
        """The RGB picture as this trunk's input, (3, H, W) float32; see `preprocess`."""
        return preprocess(self.spec.preprocess, image)

    def forward(self, batch: Tensor) -> NDArray[np.float32]:
        """Feature tensors (N, C, H, W) float32 of a batch (N, 3, H, W) float32.

        Raises TensorError for another shape or type.
        """
        height, width = self.spec.preprocess.size
        if batch.ndim != 4 or batch.shape[1:] != (3, height, width) or batch.dtype != np.float32:
            raise TensorError(
                f"a batch {batch.shape} of {batch.dtype}: expected (N, 3, {height}, {width}) "
                "float32, from preprocess"
            )
        return self._network.run(batch)[0]
