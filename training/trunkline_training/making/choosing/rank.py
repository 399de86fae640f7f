"""Which source network suits a folder of pictures: every candidate's two scores on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trunkline import images
from trunkline.errors import ImageError, ParameterError, TensorError, WeightsError
from trunkline.files import read_bytes
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_training.making.choosing import source_scores
from trunkline_training.making.choosing.candidates import Candidate
from trunkline_training.making.choosing.source_scores import Floats
from trunkline_training.making.choosing.words import Words, spoken
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.progress import progress

BATCH = 16


@dataclass(frozen=True)
class Scored:
    """A candidate's scores, sums over `pictures`: of softmax more is better, of EMD less.

    `classes` is how many the candidate knows.
    """

    name: str
    softmax: float
    emd: float
    pictures: int
    classes: int

    @property
    def softmax_mean(self) -> float:
        """The softmax score of one picture, to compare folders of other sizes."""
        return self.softmax / self.pictures

    @property
    def emd_mean(self) -> float:
        """The EMD score of one picture; comparable between the same word vectors only."""
        return self.emd / self.pictures


@dataclass(frozen=True, eq=False)
class Measured:
    """A candidate's scores by picture, (N,) each, in the pictures' order."""

    candidate: Candidate
    softmax: Floats
    emd: Floats

    @property
    def scored(self) -> Scored:
        """The sums."""
        return Scored(
            self.candidate.name,
            source_scores.total(self.softmax),
            source_scores.total(self.emd),
            len(self.emd),
            len(self.candidate.labels),
        )


def score(candidates: Sequence[Candidate], items: Sequence[Item], words: Words) -> list[Scored]:
    """The candidates' scores, in their order, on all of `items`: pass what is learnt from alone.

    Of a label with several names, parted by commas, the first counts. Raises ParameterError for no
    candidate and no picture, ImageError, WeightsError for a tail whose outputs are no logits of its
    labels, and what `words` raises.
    """
    return [found.scored for found in measure(candidates, items, words)]


def measure(candidates: Sequence[Candidate], items: Sequence[Item], words: Words) -> list[Measured]:
    """`score` by picture."""
    if not candidates or not items:
        raise ParameterError(
            f"{len(candidates)} source networks and {len(items)} pictures: expected at least one "
            "of each"
        )
    classes = sorted({item.label for item in items})
    numbers = {name: number for number, name in enumerate(classes)}
    truth = np.array([numbers[item.label] for item in items])
    apart = _distances(candidates, classes, words)
    shares: list[list[tuple[Floats, Floats]]] = [[] for _ in candidates]
    start = 0
    for found in _probabilities(candidates, items):
        here = truth[start : start + len(found[0])]
        start += len(here)
        for own, table, share in zip(found, apart, shares, strict=True):
            share.append((source_scores.certainties(own), source_scores.costs(own, table, here)))
    return [
        Measured(candidate, *(np.concatenate(part) for part in zip(*share, strict=True)))
        for candidate, share in zip(candidates, shares, strict=True)
    ]


def _distances(
    candidates: Sequence[Candidate], classes: Sequence[str], words: Words
) -> list[Floats]:
    """For each candidate (its classes, the target's); every name is looked up once."""
    sources = [[spoken(label) for label in candidate.labels] for candidate in candidates]
    names = list(dict.fromkeys([*classes, *(name for source in sources for name in source)]))
    rows = {name: row for row, name in enumerate(names)}
    vectors = words.vectors(names)
    target = vectors[[rows[name] for name in classes]]
    return [
        source_scores.distances(vectors[[rows[name] for name in source]], target)
        for source in sources
    ]


def _probabilities(
    candidates: Sequence[Candidate], items: Sequence[Item]
) -> Iterator[list[Floats]]:
    """A batch of pictures at a time: each candidate's softmax outputs (n, its classes)."""
    sharing = list(dict.fromkeys(candidate.trunk for candidate in candidates))
    enough = max(trunk.enough_pixels for trunk in sharing)
    starts = range(0, len(items), BATCH)
    for start in progress(starts, len(starts), "batches of pictures"):
        loaded = [_load(item, enough) for item in items[start : start + BATCH]]
        features = {trunk: _features(trunk, loaded) for trunk in sharing}
        yield [_answers(candidate, features[candidate.trunk]) for candidate in candidates]


def _load(item: Item, enough: int) -> Image.Image:
    """The picture as an edge decodes it."""
    try:
        return images.read(read_bytes(item.path), enough=enough).image
    except ImageError as error:
        raise ImageError(f"{item.path}: {error}") from error


def _features(trunk: Trunk, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
    return trunk.forward(np.stack([trunk.preprocess(picture) for picture in pictures]))


def _answers(candidate: Candidate, features: Tensor) -> Floats:
    logits = candidate.tail.run(features)[0]
    expected = (len(features), len(candidate.labels))
    if logits.shape != expected:
        raise WeightsError(
            f"{candidate.name} gives {logits.shape}: expected logits {expected}, one for each "
            "label; leave it out, or make it again"
        )
    try:
        return source_scores.softmax(logits)
    except TensorError as error:
        raise WeightsError(f"{candidate.name}: {error}") from error
