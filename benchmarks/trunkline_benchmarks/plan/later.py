"""VGG16 from pool4 to pool5 with its published weights, where no tail of the store holds that.

Only a file that is on this machine already is read: nothing is fetched for a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from trunkline.errors import WeightsError
from trunkline.weights import sets, sources, state_dict, vgg16
from trunkline.weights.conv import Floats, rounded
from trunkline.weights.graph import Graph
from trunkline.weights.published import oxford
from trunkline_benchmarks.plan import layers

NETWORK = ("vgg16", "oxford")
PARTS = ("weight", "bias")
FIRST = 24
"""Index of conv5_1 in torchvision's `features`; a convolution and its ReLU take two."""


def model(trunk: str, set: str) -> bytes | None:
    """ONNX from `features` (N, 512, 14, 14) to `logits`, here pool5's output (N, 512, 7, 7).

    None for another network, or where its file is not on this machine. Raises WeightsError for a
    file that is something else.
    """
    path = _file() if (trunk, set) == NETWORK else None
    if path is None:
        return None
    tensors = _onnx(path) if path.suffix == ".onnx" else _state(path)
    graph = Graph("vgg16.conv5")
    x = graph.input("features", (512, 14, 14))
    for name in layers.VGG16_GROUPS[-1]:
        conv = rounded(*(_taken(tensors, f"{name}.{part}", path) for part in PARTS))
        x = graph.conv(name, x, conv, padding=vgg16.PADDING, activation=vgg16.ACTIVATION)
    x = graph.max_pool("pool5", x)
    graph.rename(x.name, "logits")
    return graph.model("logits", ["N", *x.shape])


def _file() -> Path | None:
    """A file of the published weights in `TRUNKLINE_WEIGHTS_DIR` or the download cache."""
    for folder in (sources.weights_dir(), sources.downloads()):
        for source in sets.get(*NETWORK).sources():
            path = folder / source.file if folder else None
            if path and path.is_file() and sources.matches(path, source.sha256):
                return path
    return None


def _state(path: Path) -> Mapping[str, Floats]:
    state = state_dict.read(path)
    return {
        f"{name}.{part}": state_dict.tensor(state, f"features.{FIRST + 2 * index}.{part}")
        for index, name in enumerate(layers.VGG16_GROUPS[-1])
        for part in PARTS
    }


def _onnx(path: Path) -> Mapping[str, Floats]:
    found = {item.name: item for item in onnx.load(str(path)).graph.initializer}
    keras = dict(zip(PARTS, ("convolution/ReadVariableOp:0", "Squeeze:0"), strict=True))
    return {
        f"{name}.{part}": np.asarray(onnx.numpy_helper.to_array(found[key]))
        for name in layers.VGG16_GROUPS[-1]
        for part, suffix in keras.items()
        if (key := f"{oxford.PREFIX}block{name[0]}_conv{name[2]}_1/{suffix}") in found
    }


def _taken(tensors: Mapping[str, Floats], name: str, path: Path) -> Floats:
    if name not in tensors:
        raise WeightsError(f"{path} has no {name}: expected a VGG16; delete it and fetch it again")
    return tensors[name]
