"""Where a tail's weights come from before it is trained: files, the model store, or chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trunkline.errors import ParameterError, UnknownNameError, WeightsError
from trunkline.weights.conv import Conv, Floats, half
from trunkline_training.nets.layer import Layer


@dataclass(frozen=True)
class LayerShape:
    """A convolution's weight: outputs, inputs of a group, side of the kernel.

    `normed` says whether a batch norm may stand behind it; a head's last layer has none. What
    `answers` gives the network's answers, whose number is fixed.
    """

    out: int
    per_group: int
    kernel: int
    normed: bool = True
    answers: bool = False


Shapes = Mapping[str, LayerShape]


def layers(
    shapes: Shapes,
    given: Mapping[str, Conv],
    *,
    normed: bool,
    seed: int,
    freeze: Sequence[str] = (),
) -> dict[str, Layer]:
    """A layer for each shape: of the given weights, the others drawn (He et al., 2015).

    Layers whose names begin with a part of `freeze` stay as they are given, without a norm.
    Raises WeightsError where given weights have another shape, UnknownNameError, ParameterError
    where a frozen layer is not given.
    """
    frozen = _frozen(shapes, given, freeze)
    result = {}
    for number, (name, shape) in enumerate(shapes.items()):
        conv = given.get(name)
        if conv is None:
            # a generator of its own, so that one layer more or less changes no other
            conv_weight, bias = _drawn(shape, np.random.default_rng([seed, number]))
        else:
            conv_weight, bias = _checked(name, shape, conv)
        with_norm = normed and shape.normed and name not in frozen
        result[name] = Layer(conv_weight, bias, normed=with_norm, given=conv is not None)
        result[name].requires_grad_(name not in frozen)
    return result


def require(shapes: Shapes, given: Mapping[str, Conv], but: str) -> None:
    """Raise WeightsError unless every layer but one is given, in its shape."""
    for name, shape in shapes.items():
        if name not in given and name != but:
            raise WeightsError(f"start weights lack {name}: expected {', '.join(shapes)}"[:300])
        if name in given:
            _checked(name, shape, given[name])


def _frozen(shapes: Shapes, given: Mapping[str, Conv], parts: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        names = [name for name in shapes if f"{name}.".startswith(f"{part}.")]
        if not names:
            known = dict.fromkeys(name.split(".")[0] for name in shapes)
            raise UnknownNameError("layer to freeze", part, list(known))
        found |= set(names)
    drawn = sorted(found - set(given))
    if drawn:
        raise ParameterError(f"freeze {drawn[0]}: its first weights are drawn; expected given ones")
    return found


def _drawn(shape: LayerShape, rng: np.random.Generator) -> tuple[Floats, Floats]:
    size = (shape.out, shape.per_group, shape.kernel, shape.kernel)
    # what feeds a loss directly starts near zero, so that no class is preferred
    spread = np.sqrt(2 / np.prod(size[1:])) if shape.normed else 0.01
    return rng.normal(0, spread, size).astype(np.float32), np.zeros(shape.out, np.float32)


def _checked(name: str, shape: LayerShape, conv: Conv) -> tuple[Floats, Floats]:
    size = (shape.out, shape.per_group, shape.kernel, shape.kernel)
    if conv.weight.shape != size:
        raise WeightsError(
            f"start weights have {name} of {conv.weight.shape}: expected {size}; start from others"
        )
    return conv.weight, conv.bias


def from_onnx(content: bytes) -> dict[str, Conv]:
    """The convolutions of a tail that `weights.graph` wrote, by layer name; linear ones as 1x1.

    Raises WeightsError for what is no such file.
    """
    import onnx

    try:
        initialisers = onnx.load_from_string(content).graph.initializer
    except Exception as error:  # protobuf has several kinds
        raise WeightsError("a tail that is no ONNX file: make it again") from error
    arrays = {item.name: onnx.numpy_helper.to_array(item) for item in initialisers}
    found = {}
    for name, weight in arrays.items():
        layer = name.removesuffix(".weight")
        bias = arrays.get(f"{layer}.bias")
        if layer != name and bias is not None and weight.ndim in (2, 4):
            # (O, I) -> (O, I, 1, 1)
            square = weight if weight.ndim == 4 else weight[:, :, None, None]
            found[layer] = Conv(half(square), half(bias))
    return found
