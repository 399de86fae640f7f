"""On how many of the trunk's places a tail works, and which part of a map fewer of them need."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.weights.conv import Padding, same_padding


@dataclass(frozen=True)
class Places:
    """Places a side that a tail works on; 0: on as many as come in.

    What it reads is resampled to `grid`. What a classifier's last convolution reads, whose many
    channels are averaged over all places, is resampled to `last_grid`. A classifier's first stage
    makes `middle` of its places, those around the centre.
    """

    grid: int = 0
    last_grid: int = 0
    middle: int = 0

    def over(self, other: Places) -> Places:
        """These, and the other's where these say nothing."""
        return Places(
            self.grid or other.grid,
            self.last_grid or other.last_grid,
            self.middle or other.middle,
        )


EVERYWHERE = Places()


@dataclass(frozen=True)
class Window:
    """`size` places a side of a square map, from the place `first` of rows and columns on."""

    first: int
    size: int

    def read_by(self, side: int, kernel: int, stride: int, padding: Padding) -> Window:
        """What a convolution reads to make this window, of a map of `side` places a side."""
        before, _ = same_padding(side, kernel, stride, padding)
        return Window(self.first * stride - before, (self.size - 1) * stride + kernel)


def middle(given: int, wanted: int) -> Window:
    """The places around the centre."""
    return Window((given - wanted) // 2, wanted)
