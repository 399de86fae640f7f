"""SSD's own layers behind a trunk at 224x224, for VGG16 and, as the paper has it, MobileNetV2.

Source: Liu et al., "SSD: Single Shot MultiBox Detector" (2016), SSD300 on VGG16. At 224 its maps
behind fc7 have 7, 4, 2 and 1 places a side, so that the last kernel is 2x2 instead of 3x3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trunkline.weights.conv import Padding
from trunkline.weights.layers import Layers, P, X
from trunkline_training.nets.start import LayerShape

FIRST_SCALE = "first.scale"
SCALE = 20.0
"""What the first map's unit vectors are multiplied with at the start, as in ParseNet and SSD."""


@dataclass(frozen=True)
class SsdConv:
    """One of SSD's convolutions; a `tap` is a map that the heads read."""

    name: str
    out: int
    kernel: int
    stride: int = 1
    padding: Padding = "symmetric"
    dilation: int = 1
    tap: bool = False


CONV5 = tuple(SsdConv(f"5_{number}", 512, 3) for number in (1, 2, 3))
BEHIND = (
    SsdConv("fc6", 1024, 3, dilation=6),
    SsdConv("fc7", 1024, 1, tap=True),
    SsdConv("8_1", 256, 1),
    SsdConv("8_2", 512, 3, stride=2, tap=True),
    SsdConv("9_1", 128, 1),
    SsdConv("9_2", 256, 3, stride=2, tap=True),
    SsdConv("10_1", 128, 1),
    SsdConv("10_2", 256, 3, padding="none", tap=True),
    SsdConv("11_1", 128, 1),
    SsdConv("11_2", 256, 2, padding="none", tap=True),
)
ANCHORS = (4, 6, 6, 6, 4, 4)
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
SCALES = (0.1, 0.2, 0.375, 0.55, 0.725, 0.9, 1.075)
"""Anchors' sizes in fractions of the picture, map by map, and the one beyond the last."""


def shapes(first: int, fifth: int, classes: int) -> dict[str, LayerShape]:
    """Every convolution: the first map has `first` channels, conv5_1 reads `fifth`."""
    result = {FIRST_SCALE: LayerShape(first, 1, 1, normed=False)}
    channels, taps = fifth, [first]
    for conv in (*CONV5, *BEHIND):
        result[conv.name] = LayerShape(conv.out, channels, conv.kernel)
        channels = conv.out
        taps += [channels] if conv.tap else []
    for index, (width, count) in enumerate(zip(taps, ANCHORS, strict=True)):
        result[f"cls.{index}"] = LayerShape(count * classes, width, 3, False, answers=True)
        result[f"box.{index}"] = LayerShape(count * 4, width, 3, False, answers=True)
    return result


def describe(graph: Layers[X, P], first: X, x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
    """Each map's class scores and box codes; `first` is the first map, `x` goes into conv5_1."""
    scaled = graph.conv(
        FIRST_SCALE,
        graph.unit("first.unit", first),
        convs[FIRST_SCALE],
        padding="symmetric",
        activation="linear",
    )
    maps = [scaled, *_taps(graph, x, convs)]
    return [
        (
            _predict(graph, value, convs, f"cls.{index}"),
            _predict(graph, value, convs, f"box.{index}"),
        )
        for index, value in enumerate(maps)
    ]


def _taps(graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[X]:
    for conv in CONV5:
        x = _conv(graph, x, convs, conv)
    x = graph.max_pool("pool5", x, 3, 1)
    maps = []
    for conv in BEHIND:
        x = _conv(graph, x, convs, conv)
        if conv.tap:
            maps.append(x)
    return maps


def _conv(graph: Layers[X, P], x: X, convs: Mapping[str, P], conv: SsdConv) -> X:
    return graph.conv(
        conv.name,
        x,
        convs[conv.name],
        padding=conv.padding,
        activation="relu",
        stride=conv.stride,
        dilation=conv.dilation,
    )


def _predict(graph: Layers[X, P], x: X, convs: Mapping[str, P], name: str) -> X:
    return graph.conv(name, x, convs[name], padding="symmetric", activation="linear")
