"""`mobilenet_v2` / `torchvision-v1`: torchvision's IMAGENET1K_V1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trunkline.types import Preprocess, Shape
from trunkline.weights import mobilenet_v2, state_dict
from trunkline.weights.conv import Activation, Padding, half
from trunkline.weights.http import UrlFile
from trunkline.weights.sets import Network
from trunkline.weights.sources import LocalFile, Source

HALF_FILE = LocalFile(
    "mobilenet_v2_torch_imagenet.fp16.safetensors",
    "2af16b3be50abc1326ee009df366bd6ec2ee9a69394a24efc75c84779ffec8d6",
)
PUBLISHED = UrlFile("mobilenet_v2-b0353104.pth")


class TorchvisionV1:
    """torchvision's network, from its own state dict or from a float16 file of it."""

    trunk = "mobilenet_v2"
    name = "torchvision-v1"
    cut = "bottleneck7"
    shape: Shape = (32, 28, 28)
    padding: Padding = "symmetric"
    activation: Activation = mobilenet_v2.ACTIVATION
    preprocess = Preprocess(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    layers: Sequence[str] = mobilenet_v2.TRUNK_LAYERS
    model = "MobileNetV2 1.0, torchvision IMAGENET1K_V1"
    card = """\
* Origin: torchvision's `MobileNet_V2_Weights.IMAGENET1K_V1` (`mobilenet_v2-b0353104.pth`), or the
  same network stored as float16 (`mobilenet_v2_torch_imagenet.fp16.safetensors`).
* Place: not part of the released bundle; built on this machine.
* Licence: BSD-3-Clause (torchvision).
* Preprocessing: the whole RGB picture squashed to 224x224 by Pillow's bilinear filter, x / 255,
  ImageNet's mean and standard deviation. Symmetric padding.
"""

    def sources(self) -> Sequence[Source]:
        """torchvision's file, or the float16 one, which must be given."""
        return (PUBLISHED, HALF_FILE)

    def read(self, source: Source, path: Path) -> Network:
        """The whole network."""
        state = state_dict.read(path)
        weight = half(state_dict.tensor(state, "classifier.1.weight"))
        bias = half(state_dict.tensor(state, "classifier.1.bias"))
        return Network(state_dict.mobilenet_v2_convs(state), (weight, bias))

    def trunk_model(self, network: Network) -> bytes:
        """The trunk as ONNX."""
        return mobilenet_v2.trunk_model(network.convs, self.padding)

    def tails(self) -> Mapping[str, str]:
        """The rest of the network, and the released detector behind a convolution of its own."""
        return {
            "classifier": "trunkline.weights.recipes:rest_of_network",
            "ssd": "trunkline.weights.recipes:stitched",
        }
