"""The sizes of a network's convolutions where given ones are narrower than published ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from trunkline.errors import WeightsError
from trunkline.weights.conv import Activation, Conv, Padding
from trunkline_training.nets.start import LayerShape, Shapes


class Widths:
    """Walks through a description with numbers of channels in place of feature maps.

    A given convolution says how many channels it makes, at most as many as are published; every
    other convolution reads what comes. `found` has the resulting shape of each.
    """

    def __init__(self, given: Mapping[str, Conv]) -> None:
        self._given = given
        self.found: dict[str, LayerShape] = {}

    def conv(
        self,
        name: str,
        x: int,
        conv: LayerShape,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> int:
        """The convolution's outputs, of `x` inputs."""
        given = self._given.get(name)
        if conv.per_group == 1 and conv.out > 1:  # depth-wise: a filter for each input
            shape = replace(conv, out=x)
        elif given is None or conv.answers:
            shape = replace(conv, per_group=x)
        else:
            shape = replace(conv, out=min(conv.out, len(given.bias)), per_group=x)
        self.found[name] = shape
        return shape.out

    def add(self, name: str, a: int, b: int) -> int:
        """Raises WeightsError where the two have different numbers of channels."""
        if a != b:
            raise WeightsError(
                f"weights add {a} and {b} channels at {name}: expected as many of both; "
                "choose other first weights"
            )
        return a

    def max_pool(self, name: str, x: int, kernel: int = 2, stride: int = 2) -> int:
        """As many as come in."""
        return x

    def unit(self, name: str, x: int) -> int:
        """As many as come in."""
        return x


def fitted(
    published: Shapes, given: Mapping[str, Conv], walk: Callable[[Widths, Shapes], None]
) -> dict[str, LayerShape]:
    """`published` with the widths that `given` has; `walk` takes a `Widths` through the network.

    Layers that the walk does not meet stay as they are.
    """
    widths = Widths(given)
    walk(widths, published)
    return {name: widths.found.get(name, shape) for name, shape in published.items()}
