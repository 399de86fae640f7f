"""VOC2007's mean average precision over resampled pictures, all resamples at once.

What a picture's detections are worth does not depend on the other pictures: only their order by
score does. So each row keeps `found`, `[class, score, hit]` best first with those of difficult
objects left out, and `objects`, the classes of what was to be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = np.linspace(0, 1, 11)
TOLERANCE = 1e-6
"""Of recalls in float32; a class would need a million objects for two of them to be nearer."""
Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
"""Whole numbers below 2^24, which float32 holds exactly."""


@dataclass(frozen=True)
class _Ranking:
    """One class's detections over all pictures, best first, and its objects."""

    pictures: NDArray[np.int64]
    hits: NDArray[np.bool_]
    wanted: Counts
    """(N,): how many objects each picture has."""


def mean_average_precision(
    rows: Sequence[Mapping[str, Any]], weights: Floats, all_points: bool = False
) -> Floats:
    """(B,) percent: the mAP of each resample, `weights` (B, N) saying how often it has a picture.

    By 11 points of recall as VOC2007 has it, or, with `all_points`, the area under the curve as
    VOC has it since 2010.

    Classes without objects in a resample are left out of its mean, as in the development kit's
    own figure; NaN where a resample has no object at all.
    """
    counts = weights.astype(np.float32)
    precisions = [_average_precision(ranking, counts, all_points) for ranking in _rankings(rows)]
    if not precisions:
        return np.full(len(weights), np.nan)
    stacked = np.array(precisions)  # (classes, B)
    there = ~np.isnan(stacked)
    counted = there.sum(axis=0)
    sums = np.where(there, stacked, 0).sum(axis=0)
    return 100 * np.where(counted > 0, sums / np.maximum(counted, 1), np.nan)


def _rankings(rows: Sequence[Mapping[str, Any]]) -> Iterator[_Ranking]:
    """One for each class that has objects."""
    found = [(index, *item) for index, row in enumerate(rows) for item in row["found"]]
    # (D, 4): picture, class, score, hit; stable, as ties of scores keep the pictures' order
    table = np.array(found, np.float64).reshape(-1, 4)
    table = table[np.argsort(-table[:, 2], kind="stable")]
    for name in sorted({name for row in rows for name in row["objects"]}):
        pictures, _, _, hits = table[table[:, 1] == name].T
        wanted = np.array([row["objects"].count(name) for row in rows], np.float32)
        yield _Ranking(pictures.astype(np.int64), hits > 0, wanted)


def _average_precision(ranking: _Ranking, weights: Counts, all_points: bool) -> Floats:
    """(B,) average precision 0..1, NaN without objects.

    Precision falls between hits, so the best at a recall is found among the S hits alone.
    """
    wanted = weights @ ranking.wanted
    right = np.cumsum(weights[:, ranking.pictures[ranking.hits]], axis=1)  # (B, S)
    wrong = np.cumsum(weights @ _misses(ranking, weights.shape[1]), axis=1)  # (B, S)
    precision = right / np.maximum(right + wrong, 1)
    recall = right / np.maximum(wanted, 1)[:, None]
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    if all_points:
        gained = np.diff(recall, axis=1, prepend=0)
        return np.where(wanted > 0, (gained * best).sum(axis=1), np.nan)
    best = np.pad(best, ((0, 0), (0, 1)))  # beyond the highest recall
    total = np.zeros(len(best))
    for level in LEVELS:
        reached = (recall < level - TOLERANCE).sum(axis=1)  # recall grows from hit to hit
        total += best[np.arange(len(best)), reached]
    return np.where(wanted > 0, total / len(LEVELS), np.nan)


def _misses(ranking: _Ranking, pictures: int) -> Counts:
    """(N, S): how many wrong detections of each picture lie between two hits."""
    hits = int(ranking.hits.sum())
    between: NDArray[np.int64] = (
        np.cumsum(ranking.hits) - ranking.hits
    )  # the hit that a detection lies before
    counts = np.zeros((pictures, hits), np.float32)
    before = ~ranking.hits & (between < hits)  # those behind the last hit change nothing
    np.add.at(counts, (ranking.pictures[before], between[before]), 1)
    return counts
