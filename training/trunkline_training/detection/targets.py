"""Which anchor answers for which object, and what it should say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder, SSDMatcher
from torchvision.ops import box_convert, box_iou

from trunkline_training.detection_graph import CODE_SCALE
from trunkline_training.nets.anchors import Anchors

XY_OF_YX = [1, 0, 3, 2]
"""The order that turns (y, x, h, w) into (x, y, w, h), and back."""


@dataclass(frozen=True, eq=False)
class Objects:
    """One picture's objects: boxes (M, 4) as x1, y1, x2, y2 in fractions, labels (M,) from 1."""

    boxes: Tensor
    labels: Tensor


class Targets:
    """Matches objects to anchors as SSD does and codes their boxes.

    Source: Liu et al. (2016), section 2.2: each object gets the anchor that overlaps it most, and
    every anchor the object that it overlaps most where their IoU is at least `threshold`.
    """

    def __init__(self, anchors: Anchors, threshold: float = 0.5) -> None:
        centred = torch.from_numpy(anchors)[:, XY_OF_YX]  # (A, 4) as cx, cy, w, h
        self.corners = box_convert(centred, "cxcywh", "xyxy")
        self._match = SSDMatcher(threshold)
        y, x, h, w = CODE_SCALE
        self._coder = BoxCoder((x, y, w, h))

    def of(self, objects: Objects) -> tuple[Tensor, Tensor]:
        """Labels (A,), 0 for the background, and box codes (A, 4) as y, x, h, w."""
        if not len(objects.labels):
            count = len(self.corners)
            return torch.zeros(count, dtype=torch.int64), torch.zeros(count, 4)
        found = self._match(box_iou(objects.boxes, self.corners))  # (A,), negative where unmatched
        owner = found.clamp(min=0)
        labels = torch.where(found >= 0, objects.labels[owner], 0)
        codes = self._coder.encode_single(objects.boxes[owner], self.corners)
        return labels, codes[:, XY_OF_YX]

    def batch(self, pictures: list[Objects]) -> tuple[Tensor, Tensor]:
        """Labels (N, A) and codes (N, A, 4)."""
        pairs = [self.of(objects) for objects in pictures]
        return torch.stack([it[0] for it in pairs]), torch.stack([it[1] for it in pairs])
