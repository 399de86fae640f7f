"""Whole networks as ONNX and their parts on either side of a cut, as the engines run them.

Their weights are drawn, not learnt: what a network computes plays no part in how long it takes. So
the time of every part can be had, also where nobody publishes its weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx.shape_inference
import onnx.utils

from trunkline.errors import WeightsError
from trunkline.weights import mobilenet_v2, state_dict, vgg16
from trunkline.weights.conv import Half, rounded
from trunkline.weights.graph import Graph
from trunkline_benchmarks.plan import counts, layers

IMAGE, LOGITS = "image", "logits"
"""Names of a whole network's input and output."""
DRAWN = 1 << 16
"""Values that are drawn; longer tensors repeat them."""

State = Mapping[str, Half]


class Sliced:
    """A model in a file, of which parts can be written to files of their own beside it."""

    def __init__(self, path: Path) -> None:
        # weights that lie in a file beside the model stay there: its parts name the same file
        model = onnx.load(str(path), load_external_data=False)
        self.path = path
        self.tensors = {name for node in model.graph.node for name in node.output}
        self._extractor = onnx.utils.Extractor(onnx.shape_inference.infer_shapes(model))

    def part(self, target: Path, start: str, *ends: str) -> Path:
        """Write what lies between the tensors `start` and `ends`; WeightsError if one is not there.

        Gives the path of `target`.
        """
        try:
            model = self._extractor.extract_model([start], list(ends))
        except ValueError as error:
            raise WeightsError(f"{self.path} cannot be cut at {start} and {ends}") from error
        target.write_bytes(model.SerializeToString())
        return target


def write(trunk: str, folder: Path) -> Sliced:
    """The network of `trunk` with weights of no meaning, in `folder`; UnknownNameError.

    `image` (N, 3, 224, 224) -> `logits` (N, 1000), each cut's tensor by the name that it has in a
    model store's models.
    """
    model = onnx.load_model_from_string(_WRITERS[trunk](_state(trunk)))
    path = folder / f"{trunk}.onnx"
    onnx.save_model(model, str(path), save_as_external_data=True, location=f"{trunk}.weights")
    return Sliced(path)


def _state(trunk: str) -> State:
    """A torchvision state dict that keeps values in bounds: He's weights, neutral norms."""
    drawn = np.random.default_rng(0).standard_normal(DRAWN, np.float32)
    state = {}
    for name, tensor in counts.network(trunk).state_dict().items():
        shape = tuple(tensor.shape)
        if len(shape) > 1:
            scaled = (drawn * math.sqrt(2 / math.prod(shape[1:]))).astype(np.float16)
            state[name] = np.resize(scaled, shape)
        else:
            neutral = 1 if name.endswith(("running_var", "weight")) else 0
            state[name] = np.full(shape, neutral, np.float16)
    return state


def _vgg16(state: State) -> bytes:
    graph = Graph("vgg16")
    x, index = graph.input(IMAGE, layers.INPUT), 0
    for number, names in enumerate(layers.VGG16_GROUPS, start=1):
        for name in names:
            conv = rounded(state[f"features.{index}.weight"], state[f"features.{index}.bias"])
            x = graph.conv(name, x, conv, padding=vgg16.PADDING, activation=vgg16.ACTIVATION)
            index += 2  # a convolution and its ReLU
        x, index = graph.max_pool(f"pool{number}", x), index + 1
    name = graph.node("Flatten", [x.name], "flat", axis=1)
    for key in ("classifier.0", "classifier.3"):
        graph.linear(key, name, state[f"{key}.weight"], state[f"{key}.bias"], f"{key}.linear")
        name = graph.node("Relu", [f"{key}.linear"], f"{key}.relu")
    weight, bias = state["classifier.6.weight"], state["classifier.6.bias"]
    graph.linear("classifier.6", name, weight, bias, LOGITS)
    return graph.model(LOGITS, ["N", len(bias)])


def _mobilenet_v2(state: State) -> bytes:
    convs = state_dict.mobilenet_v2_convs(state)
    graph = Graph("mobilenet_v2")
    x = mobilenet_v2.stem(graph, graph.input(IMAGE, layers.INPUT), convs, "symmetric")
    x = mobilenet_v2.stages(graph, x, convs, range(1, int(mobilenet_v2.HEAD)), "symmetric")
    pooled = graph.mean_pool("pooled", mobilenet_v2.head(graph, x, convs))
    weight, bias = state["classifier.1.weight"], state["classifier.1.bias"]
    graph.linear("classifier.1", pooled, weight, bias, LOGITS)
    return graph.model(LOGITS, ["N", len(bias)])


_WRITERS: dict[str, Callable[[State], bytes]] = {"mobilenet_v2": _mobilenet_v2, "vgg16": _vgg16}
