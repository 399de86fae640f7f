"""How wide a network's layers are where given ones are narrower than published, and its maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from trunkline.errors import WeightsError
from trunkline.types import Shape
from trunkline.weights.conv import Activation, Conv, Padding, same_padding
from trunkline.weights.resampling import macs
from trunkline_training.nets.start import LayerShape, Shapes


@dataclass(frozen=True)
class Extent:
    """A square feature map's channels, and its places a side."""

    channels: int
    side: int

    @classmethod
    def of(cls, shape: Shape) -> Extent:
        """That of a map (C, H, H)."""
        return cls(shape[0], shape[1])


class Widths:
    """Walks through a description with the extents of feature maps in place of the maps.

    A given convolution says how many channels it makes, at most as many as are published; every
    other convolution reads what comes. `found` has the resulting shape of each.
    """

    def __init__(self, given: Mapping[str, Conv]) -> None:
        self._given = given
        self.found: dict[str, LayerShape] = {}
        self.resampling = 0

    def conv(
        self,
        name: str,
        x: Extent,
        conv: LayerShape,
        *,
        padding: Padding,
        activation: Activation,
        stride: int = 1,
        dilation: int = 1,
    ) -> Extent:
        """What the convolution makes. Raises WeightsError where that has no place."""
        given = self._given.get(name)
        if conv.per_group == 1 and conv.out > 1:  # depth-wise: a filter for each input
            shape = replace(conv, out=x.channels)
        elif given is None or conv.answers:
            shape = replace(conv, per_group=x.channels)
        else:
            shape = replace(conv, out=min(conv.out, len(given.bias)), per_group=x.channels)
        self.found[name] = shape
        reach = dilation * (conv.kernel - 1) + 1
        side = (x.side + sum(same_padding(x.side, reach, stride, padding)) - reach) // stride + 1
        if side < 1:
            raise WeightsError(
                f"a map of {x.side} places a side is too small for {name}: expected a larger --grid"
            )
        return Extent(shape.out, side)

    def add(self, name: str, a: Extent, b: Extent) -> Extent:
        """Raises WeightsError where the two have different numbers of channels."""
        if a != b:
            raise WeightsError(
                f"weights add {a.channels} and {b.channels} channels at {name}: expected as many; "
                "choose other first weights"
            )
        return a

    def max_pool(self, name: str, x: Extent, kernel: int = 2, stride: int = 2) -> Extent:
        """As many channels as come in."""
        return replace(x, side=(x.side + (kernel - 1) // 2 * 2 - kernel) // stride + 1)

    def resample(self, name: str, x: Extent, grid: int) -> Extent:
        """As many channels as come in; `resampling` sums the multiply-accumulates."""
        self.resampling += macs(x.channels, x.side, grid)
        return replace(x, side=grid)

    def crop(self, name: str, x: Extent, first: int, size: int) -> Extent:
        """As many channels as come in."""
        return replace(x, side=size)

    def unit(self, name: str, x: Extent) -> Extent:
        """As it comes in."""
        return x


Walk = Callable[[Widths, Shapes], object]
"""Takes a `Widths` through a network, whose published shapes it is given."""


def fitted(published: Shapes, given: Mapping[str, Conv], walk: Walk) -> dict[str, LayerShape]:
    """`published` with the widths that `given` has.

    Layers that the walk does not meet stay as they are.
    """
    widths = _walked(published, given, walk)
    return {name: widths.found.get(name, shape) for name, shape in published.items()}


def resampling(published: Shapes, given: Mapping[str, Conv], walk: Walk) -> int:
    """Multiply-accumulates of going to other grids."""
    return _walked(published, given, walk).resampling


def _walked(published: Shapes, given: Mapping[str, Conv], walk: Walk) -> Widths:
    widths = Widths(given)
    walk(widths, published)
    return widths
