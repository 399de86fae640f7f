"""Packaged classifiers to evaluate: the mean of each channel, and a layer fitted by ridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from trunkline import images, trunks
from trunkline.weights import package
from trunkline.weights.publish import TailDraft
from trunkline.weights.store import ModelStore, bundle_root
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.ridge import Ridge

COLOURS = {"beech": (120, 160, 40), "maple $x|<b>": (200, 60, 30), "oak": (150, 120, 60)}
SPREAD = 25
"""How far pictures of a class lie apart, in steps of 0..255: some look like another class's."""


def pictures(folder: Path, count: int, seed: int = 5, spread: int = SPREAD) -> Path:
    """`count` pictures of each class: coarse noise about its colour."""
    rng = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            cells = rng.normal(colour, spread, (6, 8, 3)) + rng.normal(0, spread, 3)
            small = Image.fromarray(cells.clip(0, 255).astype(np.uint8))
            large = small.resize((96, 80), Image.Resampling.BICUBIC)
            large.save(folder / name / f"{number:03}.jpg", quality=95)
    return folder


def store() -> ModelStore:
    """The released bundle."""
    return ModelStore((bundle_root(),))


def fitted(items: Sequence[Item], labels: Sequence[str]) -> bytes:
    """An ONNX tail: features (N, C, H, W) -> channel means -> logits (N, labels)."""

    trunk = trunks.load("mobilenet_v2", store=store(), threads=1)
    sums = Ridge(trunk.spec.shape[0], len(labels))
    for item in items:
        picture = images.read(item.path.read_bytes(), enough=trunk.enough_pixels)
        means = trunk.forward(trunk.preprocess(picture.image)[None]).mean(axis=(2, 3))
        sums.add(means, np.array([[10.0 * (label == item.label) for label in labels]]))
    weight, bias = sums.solve(1.0)
    return linear(weight.astype(np.float16), bias.astype(np.float16))


def linear(weight: Any, bias: Any) -> bytes:
    """An ONNX tail of channel means behind weight (K, C) and bias (K,), both float16."""
    from trunkline.weights.graph import Graph

    shape: Any = store().trunk("mobilenet_v2", "keras-160").spec.shape
    graph = Graph("means")
    pooled = graph.mean_pool("pooled", graph.input("features", shape))
    graph.linear("linear", pooled, weight, bias, "logits")
    return graph.model("logits", ["N", len(bias)])


def pack(
    folder: Path,
    content: bytes,
    labels: Sequence[str],
    provenance: Mapping[str, Any] | None = None,
    *,
    kind: str = "classifier",
    digest: str = "",
) -> Path:
    """A package of this tail for the released trunk, or for a trunk of another `digest`."""
    spec = store().trunk("mobilenet_v2", "keras-160").spec
    draft = TailDraft(
        "trees", "channel means", content, labels, digest or spec.digest, (), "# card"
    )
    package.write(folder, kind, spec, draft, provenance)
    return folder
