"""A detector's tail in PyTorch, and the ONNX that it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from trunkline.errors import WeightsError
from trunkline.weights.conv import Conv, half
from trunkline.weights.graph import Graph
from trunkline_training import detection_graph
from trunkline_training.nets import ssd_layers
from trunkline_training.nets.classifier import by_name, folded, key_of
from trunkline_training.nets.eager import Eager
from trunkline_training.nets.heads import Head
from trunkline_training.nets.start import layers


class Detector(nn.Module):
    """A head with its weights."""

    def __init__(
        self,
        head: Head,
        given: Mapping[str, Conv],
        *,
        normed: bool,
        seed: int,
        freeze: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.head = head
        given = _with_scale(head, given)
        made = layers(head.fitted(given), given, normed=normed, seed=seed, freeze=freeze)
        self.layers = nn.ModuleDict({key_of(name): layer for name, layer in made.items()})

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, C, H, W) to box codes (N, A, 4) and class scores (N, A, classes)."""
        maps = self.head.describe(Eager(), features, by_name(self.layers))
        return joined(maps, self.head.classes)

    def onnx(self, iou_threshold: float) -> bytes:
        """The tail as it is served: `features` -> `detections` (K, 7)."""
        graph = Graph("ssd")
        x = graph.input("features", self.head.shape)
        maps = self.head.describe(graph, x, folded(self.layers))
        labels = self.head.classes - 1
        return detection_graph.finish(
            graph, maps, self.head.anchors, labels, iou_threshold, background=True
        )


def joined(maps: Iterable[tuple[Tensor, Tensor]], classes: int) -> tuple[Tensor, Tensor]:
    """Each map's scores and box codes to codes (N, A, 4) and scores (N, A, classes) of all."""
    scores, codes = zip(*maps, strict=True)
    return (
        torch.cat([_rows(each, 4) for each in codes], dim=1),
        torch.cat([_rows(each, classes) for each in scores], dim=1),
    )


def _rows(x: Tensor, width: int) -> Tensor:
    """(N, anchors * width, H, W) -> (N, H, W, anchors * width) -> (N, H * W * anchors, width)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, width)


def _with_scale(head: Head, given: Mapping[str, Conv]) -> Mapping[str, Conv]:
    shape = head.shapes.get(ssd_layers.FIRST_SCALE)
    if shape is None or ssd_layers.FIRST_SCALE in given:
        return given
    scale = np.full((shape.out, 1, 1, 1), ssd_layers.SCALE, np.float16)
    return {**given, ssd_layers.FIRST_SCALE: Conv(scale, np.zeros(shape.out, np.float16))}


def with_labels(
    given: Mapping[str, Conv], anchors: Sequence[int], theirs: Sequence[str], ours: Sequence[str]
) -> dict[str, Conv]:
    """`given` with its class layers for the labels `ours`, taken over where they are alike.

    A layer has a row for each of `anchors` a place and each class: those of `theirs`, with or
    without one for the background before them. Without one, its scores are sigmoids, and a
    background of score 0 turns them into nearly the same softmax.
    """
    result = dict(given)
    for index, count in enumerate(anchors):
        name = next(n for n in (f"cls.{index}.2", f"cls.{index}") if n in given)
        result[name] = _relabelled(given[name], count, theirs, ours, name)
    return result


def _relabelled(
    conv: Conv, count: int, theirs: Sequence[str], ours: Sequence[str], name: str
) -> Conv:
    each = len(conv.bias) // count
    if each not in (len(theirs), len(theirs) + 1):
        raise WeightsError(
            f"start weights have {name} with {each} classes an anchor: expected {len(theirs)}"
        )
    background = each - len(theirs)
    # (count * classes, I, K, K) -> (count, classes, I, K, K)
    rows = conv.weight.reshape(count, each, *conv.weight.shape[1:])
    weight = np.zeros((count, len(ours) + 1, *rows.shape[2:]), np.float32)
    bias = np.zeros((count, len(ours) + 1), np.float32)
    places = [(0, 0)] if background else []
    places += [
        (number + 1, theirs.index(label) + background)
        for number, label in enumerate(ours)
        if label in theirs
    ]
    for new, old in places:
        weight[:, new], bias[:, new] = rows[:, old], conv.bias.reshape(count, each)[:, old]
    return Conv(half(weight.reshape(-1, *rows.shape[2:])), half(bias.reshape(-1)))
