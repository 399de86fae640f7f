"""Pictures as a training sees them: changed at random, but the same whenever they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torchvision.transforms import v2

from trunkline_training import pictures
from trunkline_training.datasets import Picture
from trunkline_training.detection.augment import Augmentation
from trunkline_training.detection.targets import Objects

SIDE = 224
PLAIN = -1
"""The number of the view in which nothing is changed."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Samples(ABC):
    """Pictures by number; a view is one way to change each of them."""

    side = SIDE
    """Pixels a side of what a network reads."""

    pictures: Sequence[Picture]
    seed: int

    def __len__(self) -> int:
        return len(self.pictures)

    def sample(self, view: int, index: int) -> tuple[Pixels, Any]:
        """Picture `index` in `view`: pixels (side, side, 3), squashed as at the edge, target."""
        picture = self.pictures[index]
        image = pictures.load(picture.path)
        with _drawing(self.seed, view, index):
            image, target = self.change(image, picture.truth, view != PLAIN)
        squashed = image.resize((self.side, self.side), Image.Resampling.BILINEAR)
        return np.asarray(squashed, np.uint8), target

    def describe(self) -> dict[str, Any]:
        """What its views depend on, but for the pictures."""
        values = {name: value for name, value in vars(self).items() if name != "pictures"}
        return {"kind": type(self).__name__, **values}

    @abstractmethod
    def change(self, image: Image.Image, truth: Any, change: bool) -> tuple[Image.Image, Any]:  # noqa: ANN401
        """The picture and its target, both changed by torch's random numbers."""


@contextmanager
def _drawing(*numbers: int) -> Iterator[None]:
    """Torch's random numbers begin anew from `numbers` and are afterwards where they were."""
    (seed,) = np.random.SeedSequence([number + 1 for number in numbers]).generate_state(
        1, np.uint64
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed) >> 1)  # it takes 63 bits
        yield


@dataclass(frozen=True, eq=False)
class BoxSamples(Samples):
    """Pictures with objects, changed as SSD does it. `fill` is (R, G, B), 0..255."""

    fill: tuple[float, float, float]
    augment: bool

    def change(self, image: Image.Image, truth: Any, change: bool) -> tuple[Image.Image, Any]:  # noqa: ANN401
        """The target is boxes (M, 4) and labels (M,), from 1, as 0 is the background."""
        table = torch.tensor([item[1:5] for item in truth], dtype=torch.float32).reshape(-1, 4)
        labels = torch.tensor([item[0] + 1 for item in truth], dtype=torch.int64)
        objects = Objects(table.clamp(0, 1), labels)
        if change and self.augment:
            image, objects = Augmentation(self.fill)(image, objects)
        return image, (objects.boxes, objects.labels)


@dataclass(frozen=True, eq=False)
class ClassSamples(Samples):
    """Pictures with a class, or with nothing known: a part of each, mirrored, other colours."""

    smallest_crop: float
    augment: bool
    side: int = SIDE

    def change(self, image: Image.Image, truth: Any, change: bool) -> tuple[Image.Image, Any]:  # noqa: ANN401
        """`truth` stays what it is."""
        if not (change and self.augment):
            return image, truth
        transform = v2.Compose(
            [
                self._framing(),
                v2.RandomHorizontalFlip(),
                v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3),
            ]
        )
        changed: Image.Image = transform(self._scene(image))
        return changed, truth

    def _scene(self, image: Image.Image) -> Image.Image:
        """What is framed: the picture."""
        return image

    def _framing(self) -> nn.Module:
        """What of a picture is seen."""
        part: nn.Module = v2.RandomResizedCrop(self.side, (self.smallest_crop, 1.0))
        return part


@dataclass(frozen=True, eq=False)
class SceneSamples(ClassSamples):
    """The same for detectors: a part of each picture, all of it, or it among `fill` (R, G, B).

    Parts alone would show objects larger than they are met later. A quarter of the pictures is
    whole, a quarter stands in a canvas of up to `largest` times its sides; the sides of a part have
    one of other `proportions`, and are squashed to a square. The share `joined` of them all has
    first three others beside and below it: Bochkovskiy et al., "YOLOv4" (2020), mosaics.
    """

    fill: tuple[float, float, float] = field(kw_only=True)
    proportions: tuple[float, float] = (0.6, 1.7)
    largest: float = 2.0
    joined: float = 0.25

    def _scene(self, image: Image.Image) -> Image.Image:
        if float(torch.rand(())) >= self.joined:
            return image
        chosen = torch.randint(len(self.pictures), (3,)).tolist()
        return self._four([image, *(pictures.load(self.pictures[i].path) for i in chosen)])

    def _four(self, images: Sequence[Image.Image]) -> Image.Image:
        """Four pictures squashed into one, which meet somewhere in its middle."""
        whole = self.side * 2
        right, down = (int(at) for at in torch.randint(whole // 4, 3 * whole // 4, (2,)))
        widths, heights = (right, whole - right), (down, whole - down)
        result = Image.new("RGB", (whole, whole))
        for number, image in enumerate(images):
            below, beside = divmod(number, 2)
            part = image.resize((widths[beside], heights[below]), Image.Resampling.BILINEAR)
            result.paste(part, (right * beside, down * below))
        return result

    def _framing(self) -> nn.Module:
        surround = [round(value) for value in self.fill]
        part = v2.RandomResizedCrop(self.side, (self.smallest_crop, 1.0), ratio=self.proportions)
        around = v2.RandomZoomOut(fill=surround, side_range=(1.0, self.largest), p=1.0)
        chosen: nn.Module = v2.RandomChoice([part, around, v2.Identity()], p=[0.5, 0.25, 0.25])
        return chosen
