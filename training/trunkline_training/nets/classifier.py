"""A classifier's tail: the rest of MobileNetV2, behind a trunk of its own kind or of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from trunkline.types import Shape
from trunkline.weights import mobilenet_v2
from trunkline.weights.conv import Conv, Padding
from trunkline.weights.graph import Graph, Value
from trunkline.weights.layers import Layers, P, X
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.nets.eager import Eager
from trunkline_training.nets.entry import (
    LAST,
    LAST_RESAMPLED,
    MIDDLE,
    OUTPUT,
    POOLED,
    channels,
    entry,
    resampled,
)
from trunkline_training.nets.layer import Layer
from trunkline_training.nets.places import EVERYWHERE, Places, Window, middle
from trunkline_training.nets.start import LayerShape, Shapes, layers
from trunkline_training.nets.widths import Extent, Widths, fitted, resampling

LINEAR = "linear"


@dataclass(frozen=True)
class Plan:
    """Which stages follow the cut; `stitched`: behind a 3x3 convolution that fits the trunk.

    `entry` is the first stage, 7 to OUTPUT, and `shape` what enters it, or the convolution.
    """

    shape: Shape
    entry: int
    stitched: bool
    padding: Padding
    classes: int
    places: Places = EVERYWHERE

    @property
    def made(self) -> int:
        """Places a side that the first stage makes of all of the map."""
        return -(-self._side // mobilenet_v2.BLOCKS[self.entry].stride)

    @property
    def window(self) -> Window:
        """The part of the map that the middle of the first stage's places needs."""
        stride = mobilenet_v2.BLOCKS[self.entry].stride
        found = middle(self.made, self.places.middle)
        found = found.read_by(self._side, 3, stride, self.padding)
        return found.read_by(self._side, 3, 1, "symmetric") if self.stitched else found

    @property
    def _side(self) -> int:
        return self.places.grid or self.shape[1]

    @property
    def stages(self) -> range:
        """MobileNetV2's stages before its last convolution."""
        return range(self.entry, LAST)

    @property
    def shapes(self) -> Shapes:
        """Every convolution by name, as wide as it is published."""
        shapes = {}
        if self.stitched:
            channels = mobilenet_v2.BLOCKS[self.entry].channels_in
            shapes[STITCH] = LayerShape(channels, self.shape[0], 3, normed=False)
        for stage in self.stages:
            shapes |= block_shapes(mobilenet_v2.BLOCKS[stage])
        if self.entry <= LAST:
            shapes[mobilenet_v2.HEAD] = LayerShape(POOLED, 320, 1)
        pooled = self.shape[0] if self.entry == OUTPUT else POOLED
        shapes[LINEAR] = LayerShape(self.classes, pooled, 1, False, answers=True)
        return shapes

    def fitted(self, given: Mapping[str, Conv]) -> Shapes:
        """`shapes`, those of `given` as narrow as they are. Raises WeightsError."""
        return fitted(self.shapes, given, self._walk)

    def resampling(self, given: Mapping[str, Conv]) -> int:
        """Multiply-accumulates of going to its grids."""
        return resampling(self.shapes, given, self._walk)

    def _walk(self, widths: Widths, shapes: Shapes) -> None:
        classify(widths, Extent.of(self.shape), shapes, self)


def block_shapes(block: mobilenet_v2.Block) -> dict[str, LayerShape]:
    """The convolutions of one inverted residual block."""
    wide = block.channels_in * 6
    expand, depthwise, project = block.parts
    return {
        expand: LayerShape(wide, block.channels_in, 1),
        depthwise: LayerShape(wide, 1, 3),
        project: LayerShape(block.channels_out, wide, 1),
    }


def describe(graph: Layers[X, P], x: X, convs: Mapping[str, P], plan: Plan) -> X:
    """What enters the plan's first stage to the last map before pooling, (1280, 7, 7)."""
    return _described(graph, x, convs, plan, OUTPUT)


def _described(graph: Layers[X, P], x: X, convs: Mapping[str, P], plan: Plan, stop: int) -> X:
    """The stages before `stop`."""
    x = resampled(graph, x, plan.places.grid)
    first = plan.entry
    if plan.places.middle:
        x, first = _middle(graph, x, convs, plan), first + 1
    elif plan.stitched:
        x = mobilenet_v2.stitched(graph, x, convs)
    if not plan.entry <= LAST < stop:
        return mobilenet_v2.stages(graph, x, convs, range(first, min(stop, LAST)), plan.padding)
    if plan.entry == LAST:
        x = resampled(graph, x, plan.places.last_grid, LAST_RESAMPLED)
    else:
        x = mobilenet_v2.stages(graph, x, convs, range(first, LAST - 1), plan.padding)
        x = _last_block(graph, x, convs, plan)
    return mobilenet_v2.head(graph, x, convs)


def _middle(graph: Layers[X, P], x: X, convs: Mapping[str, P], plan: Plan) -> X:
    """The middle of what the first stage makes, its values as if it had made all."""
    x = graph.crop(MIDDLE, x, plan.window.first, plan.window.size)
    x = mobilenet_v2.stitched(graph, x, convs, "none") if plan.stitched else x
    return mobilenet_v2.stages(graph, x, convs, range(plan.entry, plan.entry + 1), "none")


def _last_block(graph: Layers[X, P], x: X, convs: Mapping[str, P], plan: Plan) -> X:
    """The block before the last convolution, on that one's grid from its projection on.

    That is linear and has one place for a kernel: behind it, resampling would give the same.
    """
    block = mobilenet_v2.BLOCKS[LAST - 1]
    wide = mobilenet_v2.expand(graph, x, convs, block)
    deep = mobilenet_v2.deepen(graph, wide, convs, block, plan.padding)
    deep = resampled(graph, deep, plan.places.last_grid, LAST_RESAMPLED)
    return mobilenet_v2.project(graph, deep, convs, block)


def classify(graph: Layers[X, P], x: X, convs: Mapping[str, P], plan: Plan) -> X:
    """As `describe`, and its 1x1 convolution to logits, which may as well come before pooling."""
    x = describe(graph, x, convs, plan)
    return graph.conv(LINEAR, x, convs[LINEAR], padding="symmetric", activation="linear")


def tail_model(plan: Plan, convs: Mapping[str, Conv]) -> bytes:
    """The tail as it is served: `features` (N, C, H, W) -> `logits` (N, classes)."""
    graph = Graph("mobilenet_v2.classifier")
    x = describe(graph, graph.input("features", plan.shape), convs, plan)
    pooled, last = graph.mean_pool("pooled", x), convs[LINEAR]
    graph.linear(LINEAR, pooled, last.weight[:, :, 0, 0], last.bias, "logits")
    return graph.model("logits", ["N", plan.classes])


class Classifier(nn.Module):
    """The tail in PyTorch. `dropout` acts on the pooled features, in training only."""

    def __init__(
        self,
        plan: Plan,
        given: Mapping[str, Conv],
        *,
        normed: bool,
        dropout: float,
        seed: int,
        freeze: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.plan = plan
        self.dropout = nn.Dropout(dropout)
        made = layers(plan.fitted(given), given, normed=normed, seed=seed, freeze=freeze)
        self.layers = nn.ModuleDict({key_of(name): layer for name, layer in made.items()})

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, C, H, W) to pooled features (N, I) and logits (N, classes)."""
        convs = by_name(self.layers)
        pooled = describe(Eager(), features, convs, self.plan).mean(dim=(2, 3))
        dropped = self.dropout(pooled)[:, :, None, None]  # (N, I) -> (N, I, 1, 1)
        return pooled, convs[LINEAR](dropped, (0, 0, 0, 0), 1, 1).flatten(1)

    def onnx(self) -> bytes:
        """The tail as it is served: `features` -> `logits` (N, classes)."""
        return tail_model(self.plan, folded(self.layers))


def front_model(plan: Plan, convs: Mapping[str, Conv], stage: int) -> bytes:
    """The tail's layers before `stage`: `features` (N, C, H, W) -> `front`, what enters it."""
    graph = Graph("mobilenet_v2.front")
    x = _described(graph, graph.input("features", plan.shape), convs, plan, stage)
    if stage == OUTPUT:
        x = Value(graph.node("GlobalAveragePool", [x.name], "pooled"), (x.shape[0], 1, 1))
    graph.rename(x.name, "front")
    return graph.model("front", ["N", *x.shape])


def drawn_plan(shape: Shape, padding: Padding, classes: int, first: int = 0) -> Plan:
    """A tail from `first` on, or where features of this shape enter, that no weights are given for.

    It is stitched where the stage reads other features.
    """
    stage = max(first, entry(shape))
    return Plan(shape, stage, shape[0] != channels(stage), padding, classes)


def from_stage(plan: Plan, convs: Mapping[str, Conv], stage: int, classes: int) -> Plan:
    """The tail from `stage` on, for `classes`; with its convolution where that is all of it."""
    if stage == plan.entry:
        return replace(plan, classes=classes)
    front = _described(Widths(convs), Extent.of(plan.shape), plan.shapes, plan, stage)
    side = 1 if stage == OUTPUT else front.side
    shape = (front.channels, side, side)
    places = Places(last_grid=plan.places.last_grid)
    return Plan(shape, stage, False, plan.padding, classes, places)


def key_of(name: str) -> str:
    """A layer's name as PyTorch allows it."""
    return name.replace(".", "/")


def by_name(modules: nn.ModuleDict) -> dict[str, Layer]:
    """The layers under their own names."""
    return {key.replace("/", "."): cast(Layer, module) for key, module in modules.items()}


def folded(modules: nn.ModuleDict) -> dict[str, Conv]:
    """Every layer as it is stored."""
    return {name: layer.folded() for name, layer in by_name(modules).items()}


@torch.no_grad()
def calibrate(module: nn.Module, forward: Callable[[], Any]) -> None:
    """Give every batch norm behind given weights the statistics of one large batch."""
    found = [layer for layer in module.modules() if isinstance(layer, Layer)]
    module.eval()
    for layer in found:
        layer.calibrating = True
    forward()
    for layer in found:
        layer.calibrating = False
