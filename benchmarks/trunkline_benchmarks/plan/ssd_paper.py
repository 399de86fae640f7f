"""SSD224 of the published method, for counting: its convolutions and poolings, no weights.

SSD is Liu et al., "SSD: Single Shot MultiBox Detector" (2016): VGG16 with its dense layers made
convolutions, and more behind them. All its maps come from the trunk's one tensor. With VGG16 the
first map is pool4's output. With MobileNetV2 it is bottleneck7's, the network goes on through
bottleneck14 (14 x 14 x 96), and that feeds conv5_1. Activations and SSD's scaling of the first map
are left out, since they count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from trunkline import trunks
from trunkline_benchmarks.plan import counts

ANCHORS = (4, 6, 6, 6, 4, 4)
"""Anchors per place of each map, as SSD has them."""
OUTPUTS = (4, 21)
"""Per anchor: a box, and scores of the background and PASCAL VOC's 20 classes."""
CONV5, FC7 = 512, 1024
"""Channels of conv5_1 to conv5_3, and of fc6 and fc7."""
EXTRAS = ((256, 512, 3, 2, 1), (128, 256, 3, 2, 1), (128, 256, 3, 1, 0), (128, 256, 2, 1, 0))
"""Behind fc7: channels of a 1x1 convolution; channels, kernel, stride and padding of the next.

They leave 7, 4, 2 and 1 places a side; the last is 2x2 where SSD300 has 3x3.
"""


@dataclass(frozen=True)
class Reading:
    """One way to read the description. `through` is the last block of the trunk's own network."""

    name: str
    through: str = ""
    conv5: bool = True
    heads: bool = True


READINGS = {
    "vgg16": (Reading("as described"), Reading("without the heads", heads=False)),
    "mobilenet_v2": (
        Reading("as described", "bottleneck14"),
        Reading("without conv5", "bottleneck14", conv5=False),
        Reading("without conv5 and the heads", "bottleneck14", conv5=False, heads=False),
    ),
}
"""Per trunk what its text says, then what it may have meant."""


class Ssd224(nn.Module):
    """The detector's maps and, unless a reading leaves them out, its heads; on `meta`."""

    def __init__(self, trunk: str, reading: Reading) -> None:
        super().__init__()
        kind = trunks.kind(trunk)
        channels = kind.shape[0]
        own = counts.between(trunk, kind.cut, reading.through or kind.cut)
        with torch.device("meta"):
            width = own(torch.empty((1, *kind.shape))).shape[1]
            self.fc7 = nn.Sequential(own, *_fc7(width, reading.conv5))
            self.extras = nn.ModuleList(_extras())
            widths = (channels, FC7, *(extra[1] for extra in EXTRAS))
            self.heads = nn.ModuleList(
                nn.Conv2d(width, anchors * sum(OUTPUTS), 3, padding=1)
                for width, anchors in zip(widths, ANCHORS, strict=True)
            )
        self.reading = reading

    def maps(self, features: torch.Tensor) -> list[torch.Tensor]:
        """The six maps (1, C, H, W) of a trunk's tensor."""
        found = [features, self.fc7(features)]
        for extra in self.extras:
            found.append(extra(found[-1]))
        return found

    def forward(self, features: torch.Tensor) -> list[torch.Tensor]:
        """Boxes and scores per map (1, anchors * 25, H, W); without heads the maps."""
        maps = self.maps(features)
        if not self.reading.heads:
            return maps
        return [head(found) for head, found in zip(self.heads, maps, strict=True)]


def macs(trunk: str, reading: Reading) -> int:
    """Multiply-accumulates of the detector behind the trunk, for one picture."""
    return counts.macs(Ssd224(trunk, reading).eval(), trunks.kind(trunk).shape)


def _fc7(width: int, conv5: bool) -> Iterator[nn.Module]:
    """conv5_1 to fc7, all on 14 x 14: SSD's pool5 keeps the size and fc6 is dilated."""
    if conv5:
        for _ in range(3):
            yield nn.Conv2d(width, CONV5, 3, padding=1)
            width = CONV5
    yield nn.MaxPool2d(3, 1, 1)
    yield nn.Conv2d(width, FC7, 3, padding=6, dilation=6)
    yield nn.Conv2d(FC7, FC7, 1)


def _extras() -> Iterator[nn.Module]:
    width = FC7
    for middle, out, kernel, stride, padding in EXTRAS:
        yield nn.Sequential(
            nn.Conv2d(width, middle, 1), nn.Conv2d(middle, out, kernel, stride, padding)
        )
        width = out
