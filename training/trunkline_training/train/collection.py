"""The pictures of a training: joined folders, a part of them for validation, no test picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import ParameterError, TrunklineError
from trunkline_training import datasets
from trunkline_training.datasets import CLASSES, DataSet, Picture, manifest
from trunkline_training.pictures import require_readable
from trunkline_training.progress import say


@dataclass(frozen=True)
class Collection:
    """What is learnt from and what is validated on; `names` are the data sets', for the card."""

    training: tuple[Picture, ...]
    validation: tuple[Picture, ...]
    names: tuple[str, ...]

    @property
    def counts(self) -> tuple[int, int]:
        """How many pictures are learnt from, and how many validated on."""
        return len(self.training), len(self.validation)


def gather(
    places: Sequence[str], truth: str, labels: Sequence[str], limit: int
) -> list[tuple[DataSet, int]]:
    """The data sets at `FOLDER` or `FOLDER:SPLIT`, each with its share of `limit` pictures."""
    found = [_opened(place, truth, labels, 0) for place in places]
    total = sum(item.total for item in found)
    if not 0 < limit < total:
        return [(item, item.total) for item in found]
    share = [max(1, limit * item.total // total) for item in found]
    return [
        (_opened(place, truth, labels, count), count)
        for place, count in zip(places, share, strict=True)
    ]


def pictures(places: Sequence[str], truth: str, labels: Sequence[str]) -> list[Picture]:
    """Every picture of the data sets at `places`."""
    return [picture for found, _ in gather(places, truth, labels, 0) for picture in found.pictures]


def _opened(place: str, truth: str, labels: Sequence[str], limit: int) -> DataSet:
    root, split = _parts(place)
    return datasets.open_folder(root, truth, labels, split=split, limit=limit)


def _parts(place: str) -> tuple[Path, str]:
    """The folder and the split of `FOLDER` or `FOLDER:SPLIT`."""
    root, colon, split = place.rpartition(":")
    # a folder may have a colon in its name
    return (Path(place), "") if not colon or Path(place).is_dir() else (Path(root), split)


def collect(
    places: Sequence[str],
    truth: str,
    labels: Sequence[str],
    *,
    share: float,
    limit: int,
    seed: int,
) -> Collection:
    """The pictures at `places`, `share` of them for validation.

    Which ones depends on their names and the seed alone. Raises TrunklineError.
    """
    found = [item for item, _ in gather(places, truth, labels, limit)]
    everything = [picture for item in found for picture in item.pictures]
    require_readable([picture.path for picture in everything])
    if truth == CLASSES:
        _tell_contradictions(everything)
    count = max(1, round(share * len(everything)))
    if len(everything) < count + 1:
        raise TrunklineError(f"{len(everything)} pictures in {' '.join(places)}: expected more")
    ranked = sorted(range(len(everything)), key=lambda number: rank(everything[number].name, seed))
    chosen = set(ranked[:count])
    return Collection(
        tuple(picture for number, picture in enumerate(everything) if number not in chosen),
        tuple(everything[number] for number in sorted(chosen)),
        tuple(item.title for item in found),
    )


def _tell_contradictions(found: Sequence[Picture]) -> None:
    """Say where one picture, by content, has several classes: large data sets have such."""
    first: dict[str, Picture] = {}
    pairs = [
        (other, picture)
        for picture in found
        if (other := first.setdefault(picture.digest, picture)).truth != picture.truth
    ]
    if pairs:
        a, b = pairs[0]
        say(f"{len(pairs)} pictures have several classes: {a.path} is also {b.path}")


def rank(name: str, seed: int) -> bytes:
    """A picture's place in an order that depends on its name and the seed alone."""
    return hashlib.sha256(f"{seed} {name}".encode()).digest()


def refuse_overlap(learnt: Collection, test: Sequence[Picture]) -> None:
    """Raise ParameterError where a picture of the test is one that the training sees."""
    seen = {item.digest: item.path for item in (*learnt.training, *learnt.validation)}
    for picture in test:
        other = seen.get(picture.digest)
        if other is not None:
            raise ParameterError(
                f"{picture.path} of the test is {other} of the data: expected no picture in both; "
                "choose other splits for --data or --test"
            )


def class_names(places: Sequence[str]) -> list[str]:
    """The classes that folders name, sorted, all places' together.

    Raises ParameterError for a manifest.csv, which numbers its classes without naming them.
    """
    names: set[str] = set()
    for place in places:
        root, _ = _parts(place)
        if (root / manifest.NAME).is_file():
            raise ParameterError(
                f"{root / manifest.NAME} has class numbers only: give the names with --labels FILE"
            )
        found = _opened(place, "", (), 0)
        names |= {Path(picture.name).parts[0] for picture in found.pictures}
    return sorted(names)
