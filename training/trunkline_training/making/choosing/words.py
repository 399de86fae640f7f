"""Class names as vectors. A new provider is one file and one line in WORDS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import UnknownNameError
from trunkline.weights.files import Report

Vectors = NDArray[np.float64]

WORDS = {
    "file": "trunkline_training.making.choosing.word_file:WordFile",
    "minilm": "trunkline_training.making.choosing.minilm:MiniLm",
}
DEFAULT_WORDS = "minilm"


class Words(ABC):
    """What gives names vectors whose Euclidean distances say how far their meanings are apart.

    `place` is the file to read, None where the provider knows its own; `report` takes what a person
    should see while it is fetched.
    """

    @abstractmethod
    def __init__(self, place: Path | None, report: Report) -> None:
        """Open the provider. Raises TrunklineError where it cannot be had."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where the vectors come from, and under what licence where that is known."""

    @abstractmethod
    def vectors(self, names: Sequence[str]) -> Vectors:
        """A finite vector for each name, (N, D) float64. Raises TrunklineError."""


def load(name: str, place: Path | None, report: Report) -> Words:
    """The provider `name`; UnknownNameError for any other, MissingExtraError, WeightsError."""
    if name not in WORDS:
        raise UnknownNameError("provider of word vectors", name, list(WORDS))
    module, attribute = WORDS[name].split(":")
    provider: type[Words] = getattr(import_module(module), attribute)
    return provider(place, report)


def spoken(label: str) -> str:
    """A source model's label as a name: the first of several synonyms, which commas part."""
    return label.split(",")[0].strip() or label
