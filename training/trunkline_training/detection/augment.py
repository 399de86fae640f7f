"""SSD's augmentation: colour, expansion, a crop that keeps objects, mirroring."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from trunkline_training.detection.targets import Objects

LARGEST_EXPANSION = 4.0
SMALLEST_SIDE = 1 / 256
"""Of a box that is kept, in fractions of the picture: below that a crop left a sliver."""
DRAWS = 20


class Augmentation:
    """Liu et al. (2016), section 2.2 and the released code: half of the pictures are expanded to
    up to four times their side, then cropped so that some object overlaps enough; objects whose
    centre lies outside of the crop are dropped.
    """

    def __init__(self, fill: tuple[float, float, float]) -> None:
        """`fill` (R, G, B), 0..255, is what surrounds an expanded picture: the trunk's mean."""
        surround = [round(value) for value in fill]
        self._transform = v2.Compose(
            [
                v2.RandomPhotometricDistort(p=0.5),
                v2.RandomZoomOut(fill=surround, side_range=(1.0, LARGEST_EXPANSION), p=0.5),
                v2.RandomIoUCrop(),
                v2.SanitizeBoundingBoxes(),
                v2.RandomHorizontalFlip(p=0.5),
            ]
        )

    def __call__(self, image: Image.Image, objects: Objects) -> tuple[Image.Image, Objects]:
        """The picture RGB and its objects changed by torch's random numbers.

        A draw that leaves no object, where there were some, is drawn again; a picture whose
        objects are never left stays as it is.
        """
        picture = tv_tensors.Image(functional.pil_to_tensor(image))
        given = {"boxes": _pixels(objects.boxes, image.size), "labels": objects.labels}
        for _ in range(DRAWS):
            changed, found = self._transform(picture, given)
            kept = _kept(Objects(_fractions(found["boxes"]), found["labels"]))
            if len(kept.labels) or not len(objects.labels):
                return functional.to_pil_image(changed), kept
        return image, objects


def _kept(objects: Objects) -> Objects:
    sides = objects.boxes[:, 2:] - objects.boxes[:, :2]
    keep = (sides > SMALLEST_SIDE).all(dim=1)
    return Objects(objects.boxes[keep], objects.labels[keep])


def _pixels(boxes: Tensor, size: tuple[int, int]) -> tv_tensors.BoundingBoxes:
    width, height = size
    scaled = boxes * torch.tensor([width, height, width, height])
    return tv_tensors.BoundingBoxes(scaled, format="XYXY", canvas_size=(height, width))


def _fractions(boxes: tv_tensors.BoundingBoxes) -> Tensor:
    height, width = boxes.canvas_size
    plain: Tensor = boxes.as_subclass(Tensor)
    return plain / torch.tensor([width, height, width, height])
