"""What a criterion is."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Criterion(ABC):
    """Scores of a convolution's filters; the lowest go first. `seed` is for what is random."""

    seed: int
    seen: ClassVar[bool] = False
    """Whether feature maps of sample pictures are looked at."""
    heard: ClassVar[bool] = False
    """Whether those that read the filters are looked at."""

    def scores(self, name: str, weight: Floats) -> Floats:
        """(O,) for the convolution `name` of weight (O, I / groups, KH, KW).

        Only where neither `seen` nor `heard`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not look at weights alone")

    def of_maps(self, maps: Floats) -> Floats:
        """(N, O): what each filter's map (N, O, H, W) of each picture counts; scores are means.

        Only where `seen`.
        """
        raise NotImplementedError(f"{type(self).__name__} looks at no feature maps")

    def of_reader(self, weight: Floats, covariance: Floats) -> Floats:
        """(I,): what each channel counts for a reader of weight (O, I, places).

        `covariance` (I, I) is that of the channels, over pictures and places; scores are sums over
        readers. Only where `heard`.
        """
        raise NotImplementedError(f"{type(self).__name__} looks at no readers")
