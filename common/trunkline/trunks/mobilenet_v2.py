"""MobileNetV2 1.0 up to the paper's "Bottleneck7": linear, signed features."""

from __future__ import annotations

from trunkline.trunks.trunk import TrunkKind

MOBILENET_V2 = TrunkKind(
    name="mobilenet_v2",
    cut="bottleneck7",
    shape=(32, 28, 28),
    convolutions=18,
    sets=("keras-160", "torchvision-v1"),
)
