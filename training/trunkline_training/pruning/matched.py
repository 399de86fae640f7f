"""A detector's answers as the same detector on another grid is to give them.

An anchor of one takes what the other's nearest anchor of its map and kind answers: its scores, and
its box, coded from the own centre. Anchors of a kind are of one size on all grids.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trunkline_training.detection_graph import CODE_SCALE
from trunkline_training.nets.heads import Head


def answers(given: Mapping[str, Tensor], theirs: Head, ours: Head) -> dict[str, Tensor]:
    """`codes` (N, A, 4) and `scores` (N, A, classes) of their anchors to those of ours."""
    chosen, shift = _matched(theirs, ours)
    codes = given["codes"][:, chosen]
    return {"codes": codes + shift.to(codes.dtype), "scores": given["scores"][:, chosen]}


@cache
def _matched(theirs: Head, ours: Head) -> tuple[Tensor, Tensor]:
    """Which of their anchors each of ours takes, (A,), and what is added to its codes, (A, 4)."""
    chosen = _nearest(theirs, ours)
    own, other = ours.anchors, theirs.anchors[chosen]
    shift = np.zeros_like(own)
    shift[:, :2] = (other[:, :2] - own[:, :2]) / own[:, 2:] * np.array(CODE_SCALE[:2])
    return torch.from_numpy(chosen), torch.from_numpy(shift)


def _nearest(theirs: Head, ours: Head) -> NDArray[np.int64]:
    found, first = [], 0
    for grid, own, each in zip(theirs.grids, ours.grids, ours.each, strict=True):
        line = ((np.arange(own) + 0.5) * grid / own).astype(np.int64)
        places = (line[:, None] * grid + line).reshape(-1, 1)  # (own * own, 1)
        found.append((first + places * each + np.arange(each)).reshape(-1))
        first += grid * grid * each
    return np.concatenate(found)
