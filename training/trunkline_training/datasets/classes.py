"""Class indices from what people call classes: WordNet ids, numbers, names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib.resources import files

from trunkline.errors import TrunklineError

IMAGENET_CLASSES = 1000


class ClassIndex:
    """Looks classes up in the tail's `labels`, and ImageNet's also by WordNet id.

    The index of an ImageNet class is the place of its WordNet id among the sorted 1000 of them
    (ILSVRC2012; torchvision's and Keras's order).
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._by_name = {_plain(label): index for index, label in enumerate(labels)}
        if len(labels) == IMAGENET_CLASSES:
            self._by_name |= {name: index for index, name in enumerate(wordnet_ids())}

    def find(self, name: str, where: str) -> int:
        """The index of a class as `where` calls it; TrunklineError where the labels lack it."""
        plain = _plain(name)
        if plain.isdecimal() and int(plain) < len(self._labels):
            return int(plain)
        if plain not in self._by_name:
            raise TrunklineError(f"{where} names the unknown class {name!r}: {self._remedy(plain)}")
        return self._by_name[plain]

    def _remedy(self, plain: str) -> str:
        near = difflib.get_close_matches(plain, self._by_name, n=3)
        also = f" (near it: {', '.join(near)})" if near else ""
        kinds = "a class number from 0, a name of the tail's labels"
        if len(self._labels) == IMAGENET_CLASSES:
            kinds += ", or a WordNet id such as n02123045"
        return f"expected {kinds}{also}; rename or remove it"


def wordnet_ids() -> list[str]:
    """The WordNet ids of ILSVRC2012's 1000 classes, by class index."""
    return (files(__package__) / "wordnet_ids.txt").read_text(encoding="ascii").split()


def _plain(name: str) -> str:
    return name.strip().replace("_", " ").casefold()
