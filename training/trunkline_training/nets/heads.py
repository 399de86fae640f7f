"""The detectors' tails by name. A new one is one class here and one line in HEADS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from trunkline.errors import ParameterError, UnknownNameError
from trunkline.types import Shape
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import Conv, Padding
from trunkline.weights.layers import Layers, P, X
from trunkline_training import ssdlite
from trunkline_training.nets import anchors, ssd_layers
from trunkline_training.nets.anchors import Anchors
from trunkline_training.nets.classifier import block_shapes
from trunkline_training.nets.entry import channels, entry, resampled
from trunkline_training.nets.start import LayerShape, Shapes
from trunkline_training.nets.widths import Extent, Widths, fitted, resampling


@dataclass(frozen=True)
class Head(ABC):
    """One detector behind one trunk of (C, H, W) `shape`.

    `classes` counts the background, which comes first.
    """

    classes: int
    shape: Shape
    padding: Padding = "tf-same"
    stitched: bool = False
    grid: int = 0
    """Places a side that it works on; 0: the trunk's."""
    trunks: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    each: ClassVar[tuple[int, ...]]
    """Anchors at a place, map by map."""

    @property
    def grids(self) -> tuple[int, ...]:
        """Places a side, map by map. Raises WeightsError where a map has none."""
        return tuple(scores.side for scores, _ in self._walk(Widths({}), self.shapes))

    @property
    @abstractmethod
    def anchors(self) -> Anchors:
        """(A, 4) as (cy, cx, h, w)."""

    @property
    @abstractmethod
    def shapes(self) -> dict[str, LayerShape]:
        """Every convolution by name, as wide as it is published."""

    def fitted(self, given: Mapping[str, Conv]) -> Shapes:
        """`shapes`, those of `given` as narrow as they are. Raises WeightsError."""
        return fitted(self.shapes, given, self._walk)

    def resampling(self, given: Mapping[str, Conv]) -> int:
        """Multiply-accumulates of going to its grid."""
        return resampling(self.shapes, given, self._walk)

    def _walk(self, widths: Widths, shapes: Shapes) -> list[tuple[Extent, Extent]]:
        return self.describe(widths, Extent.of(self.shape), shapes)

    def describe(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
        """Features to each map's class scores and box codes, (anchors * width, H, W)."""
        return self._described(graph, resampled(graph, x, self.grid), convs)

    @abstractmethod
    def _described(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
        """The same of features on the grid that it works on."""


class SsdLiteHead(Head):
    """`ssdlite`: the COCO detector's architecture with any number of classes."""

    trunks = ("mobilenet_v2", "vgg16")
    title = "SSDLite MobileNetV2"
    each = ssdlite.ANCHORS

    @property
    def anchors(self) -> Anchors:
        """1014 of them."""
        return anchors.lite(self.grids)

    @property
    def shapes(self) -> dict[str, LayerShape]:
        """The stages from the trunk's grid on, the extra layers, the heads."""
        first = entry(self.shape)
        result = stitch_shape(self)
        for stage in range(first, 18):
            result |= block_shapes(mobilenet_v2.BLOCKS[stage])
        result[mobilenet_v2.HEAD] = LayerShape(1280, 320, 1)
        widths = [576, 1280]
        for index, (middle, out) in enumerate(ssdlite.EXTRAS):
            result[f"extras.{index}.0"] = LayerShape(middle, widths[-1], 1)
            result[f"extras.{index}.2"] = LayerShape(middle, 1, 3)
            result[f"extras.{index}.4"] = LayerShape(out, middle, 1)
            widths.append(out)
        for index, (width, count) in enumerate(zip(widths, ssdlite.ANCHORS, strict=True)):
            for name, each in (("cls", self.classes), ("box", 4)):
                result[f"{name}.{index}.0"] = LayerShape(width, 1, 3)
                last = LayerShape(count * each, width, 1, normed=False, answers=True)
                result[f"{name}.{index}.2"] = last
        return result

    def _described(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
        """See `ssdlite`."""
        return ssdlite.describe(graph, x, convs, self.padding, entry(self.shape))


class PaperHead(Head):
    """`paper`: SSD's layers from the paper's reading of MobileNetV2: 28, 14, 7, 4, 2, 1 places."""

    trunks = ("mobilenet_v2",)
    title = "SSD224 MobileNetV2, as published"
    each = ssd_layers.ANCHORS
    stages = range(mobilenet_v2.TRUNK_STAGES, 14)

    @property
    def anchors(self) -> Anchors:
        """4722 of them."""
        return anchors.ssd(self.grids)

    @property
    def shapes(self) -> dict[str, LayerShape]:
        """Blocks 7 to 13 and SSD's layers behind their 96 channels."""
        result = stitch_shape(self)
        for stage in self.stages:
            result |= block_shapes(mobilenet_v2.BLOCKS[stage])
        return result | ssd_layers.shapes(32, 96, self.classes)

    def _described(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
        """The first map is the trunk's tensor, conv5_1 reads Bottleneck14's output."""
        deep = mobilenet_v2.stages(
            graph, mobilenet_v2.stitched(graph, x, convs), convs, self.stages, self.padding
        )
        return ssd_layers.describe(graph, x, deep, convs)


class Vgg16Head(Head):
    """`vgg16`: SSD itself from pool4 on: 14, 14, 7, 4, 2, 1 places."""

    trunks = ("vgg16",)
    title = "SSD224 VGG16"
    each = ssd_layers.ANCHORS

    @property
    def anchors(self) -> Anchors:
        """2370 of them."""
        return anchors.ssd(self.grids)

    @property
    def shapes(self) -> dict[str, LayerShape]:
        """SSD's layers behind 512 channels."""
        return ssd_layers.shapes(512, 512, self.classes)

    def _described(self, graph: Layers[X, P], x: X, convs: Mapping[str, P]) -> list[tuple[X, X]]:
        """pool4 is the first map and what conv5_1 reads."""
        return ssd_layers.describe(graph, x, x, convs)


def stitch_shape(head: Head) -> dict[str, LayerShape]:
    """The convolution that ties another network's blocks to the trunk, where there is one."""
    width = channels(entry(head.shape))
    stitch = LayerShape(width, head.shape[0], 3, normed=False)
    return {mobilenet_v2.STITCH: stitch} if head.stitched else {}


HEADS: dict[str, type[Head]] = {"ssdlite": SsdLiteHead, "paper": PaperHead, "vgg16": Vgg16Head}


def of_layers(names: Collection[str]) -> type[Head] | None:
    """The head whose layers these are; None where they are no detector's."""
    if "box.0.2" in names:
        return SsdLiteHead
    if "box.0" in names:
        return PaperHead if "7.expand" in names else Vgg16Head
    return None


def kind(name: str, trunk: str) -> type[Head]:
    """The head called `name`. Raises UnknownNameError; ParameterError for another trunk's."""
    if name not in HEADS:
        raise UnknownNameError("head", name, list(HEADS))
    if trunk not in HEADS[name].trunks:
        fitting = [known for known, head in HEADS.items() if trunk in head.trunks]
        raise ParameterError(
            f"head {name} is for trunk {' and '.join(HEADS[name].trunks)}: for {trunk} there is "
            f"{' and '.join(fitting) or 'none'}"
        )
    return HEADS[name]
