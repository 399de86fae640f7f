"""VGG16's front, described once.

Architecture: Simonyan and Zisserman, "Very Deep Convolutional Networks" (2014), configuration D,
up to the fourth maximum pooling: torchvision's `features[:24]`.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.weights.conv import Activation, Conv, Padding
from trunkline.weights.layers import Layers, P, X

ACTIVATION: Activation = "relu"
PADDING: Padding = "symmetric"
LAYERS = (
    ("1_1", "1_2"),
    ("2_1", "2_2"),
    ("3_1", "3_2", "3_3"),
    ("4_1", "4_2", "4_3"),
)
"""Names of the 3x3 convolutions, by the maximum pooling that follows them."""
TRUNK_LAYERS = tuple(name for group in LAYERS for name in group)
REST_LAYERS = ("5_1", "5_2", "5_3")
"""The convolutions behind the cut, where a file has them: a tail may start from them."""


def front(graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> X:
    """The layers up to the fourth maximum pooling, of a picture (3, H, W)."""
    for number, names in enumerate(LAYERS, start=1):
        for name in names:
            x = graph.conv(name, x, convs[name], padding=PADDING, activation=ACTIVATION)
        x = graph.max_pool(f"pool{number}", x)
    return x


def trunk_model(convs: Mapping[str, Conv]) -> bytes:
    """The trunk as ONNX: `image` (N, 3, 224, 224) -> `features` (N, 512, 14, 14)."""
    from trunkline.weights.graph import Graph  # it imports onnx, which fetching does without

    graph = Graph("vgg16.pool4")
    x = front(graph, graph.input("image", (3, 224, 224)), convs)
    graph.rename(x.name, "features")
    return graph.model("features", ["N", *x.shape])
