"""On how many of the trunk's places a tail works, and which part of a map fewer of them need."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.errors import ParameterError
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

    @property
    def words(self) -> str:
        """For a card."""
        said = {
            "the middle {} places a side of what its first stage makes": self.middle,
            "features put on {} places a side": self.grid,
            "its last convolution's input put on {}": self.last_grid,
        }
        return "; ".join(words.format(count) for words, count in said.items() if count)

    def over(self, other: Places) -> Places:
        """These, and the other's where these say nothing.

        Raises ParameterError where a grid and a middle come together.
        """
        if (self.grid and other.middle) or (self.middle and other.grid):
            flag, has = (
                ("grid", f"keeps the middle {other.middle} places a side")
                if self.grid
                else ("middle", f"works on a grid of {other.grid} places a side")
            )
            raise ParameterError(
                f"{flag} is {self.grid or self.middle}: this tail {has}, and --grid and --middle "
                f"do not go together; leave --{flag} out"
            )
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
