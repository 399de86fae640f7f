"""VGG16 up to its fourth maximum pooling: features behind a ReLU, many of them zero."""

from __future__ import annotations

from trunkline.trunks.trunk import TrunkKind

VGG16 = TrunkKind(
    name="vgg16",
    cut="pool4",
    shape=(512, 14, 14),
    convolutions=10,
    sets=("oxford",),
)
