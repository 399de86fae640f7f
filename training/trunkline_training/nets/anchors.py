"""Anchors of both kinds of detector, (A, 4) float32 as (cy, cx, h, w) in fractions of the input."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList

from trunkline_training import ssdlite
from trunkline_training.nets import ssd_layers

Anchors = NDArray[np.float32]
SIDE = 224
LITE_RATIOS = ((1.0, 2.0, 0.5), (1.0, 2.0, 0.5, 3.0, 1 / 3))
"""SSDLite's aspect ratios: first map; the others, which have a second square too."""
LITE_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)


def ssd(grids: tuple[int, ...]) -> Anchors:
    """SSD's anchors for maps of `grids` places a side."""
    generator = DefaultBoxGenerator(
        [list(ratios) for ratios in ssd_layers.RATIOS], scales=list(ssd_layers.SCALES)
    )
    maps = [torch.zeros(1, 1, grid, grid) for grid in grids]
    pictures = ImageList(torch.zeros(1, 3, SIDE, SIDE), [(SIDE, SIDE)])
    corners = generator(pictures, maps)[0].double().numpy() / SIDE  # (A, 4) as x1, y1, x2, y2
    low, high = corners[:, 1::-1], corners[:, :1:-1]  # (A, 2) as y, x
    return np.concatenate([(low + high) / 2, high - low], axis=1).astype(np.float32)


def lite(grids: tuple[int, ...]) -> Anchors:
    """SSDLite's anchors as its COCO file has them, at their size in pixels of 300."""
    rows = []
    for index, grid in enumerate(ssdlite.TRAINED_GRIDS):
        sizes = np.array(_lite_sizes(index))  # (count, 2) as h, w
        # (2, grid, grid) -> (grid * grid, 1, 2) as y, x
        centres = (np.indices((grid, grid)).reshape(2, -1).T[:, None] + 0.5) / grid
        low, high = centres - sizes / 2, centres + sizes / 2  # (grid * grid, count, 2)
        rows.append(np.concatenate([low, high], axis=2).reshape(-1, 4))
    return ssdlite.rescaled(np.concatenate(rows), grids)


def _lite_sizes(index: int) -> list[tuple[float, float]]:
    scale, following = LITE_SCALES[index], LITE_SCALES[index + 1]
    if index == 0:  # the Object Detection API makes the first map's square smaller
        shapes = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    else:
        shapes = [(scale, ratio) for ratio in LITE_RATIOS[1]]
        shapes.append((float(np.sqrt(scale * following)), 1.0))
    return [(size / ratio**0.5, size * ratio**0.5) for size, ratio in shapes]
