"""SSD's loss: smooth L1 on matched boxes, cross entropy on them and on the hardest of the rest."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def multibox(
    codes: Tensor, scores: Tensor, labels: Tensor, wanted: Tensor, negatives: float = 3.0
) -> dict[str, Tensor]:
    """`boxes` and `classes`, each summed over the batch and divided by its matched anchors.

    codes, wanted (N, A, 4); scores (N, A, classes) with the background first; labels (N, A).
    Of the background's anchors each picture keeps `negatives` for each matched one, those with the
    greatest loss. Source: Liu et al. (2016), equations 1 to 3 and "hard negative mining".
    """
    matched = labels > 0  # (N, A)
    count = matched.sum().clamp(min=1)
    boxes = functional.smooth_l1_loss(codes[matched], wanted[matched], reduction="sum")
    # (N, A, classes) -> (N * A, classes), and back
    entropy = functional.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none")
    entropy = entropy.reshape(labels.shape)
    kept = matched | hardest(entropy.detach(), matched, negatives)
    return {"boxes": boxes / count, "classes": entropy[kept].sum() / count}


def hardest(entropy: Tensor, matched: Tensor, negatives: float) -> Tensor:
    """(N, A): the unmatched anchors of greatest loss, `negatives` for each matched one."""
    ranked = entropy.masked_fill(matched, -torch.inf).argsort(dim=1, descending=True, stable=True)
    rank = ranked.argsort(dim=1)  # (N, A): each anchor's place in its picture
    most = (negatives * matched.sum(dim=1, keepdim=True)).to(torch.int64)
    return (rank < most) & ~matched
