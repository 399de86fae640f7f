"""Matching and loss of a detector against the same written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch


def boxes_of(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 4) as x1, y1, x2, y2 in 0..1."""
    low = rng.uniform(0, 0.7, (count, 2))
    return np.concatenate([low, low + rng.uniform(0.05, 0.3, (count, 2))], axis=1)


def slow_labels(objects: np.ndarray, labels: np.ndarray, corners: np.ndarray) -> list[int]:
    """Which label each anchor has, by the words of SSD's section 2.2."""
    from trunkline_training.voc import iou

    overlaps = [[iou(tuple(box), tuple(corner)) for corner in corners] for box in objects]
    result = []
    for anchor in range(len(corners)):
        column = [row[anchor] for row in overlaps]
        best = int(np.argmax(column))
        result.append(int(labels[best]) if column[best] >= 0.5 else 0)
    # in the objects' order each takes its best anchor, whatever the anchor overlaps more
    for label, row in zip(labels, overlaps, strict=True):
        result[int(np.argmax(row))] = int(label)
    return result


@pytest.mark.parametrize("seed", range(8))
def test_matching_is_that_of_the_words(seed: int) -> None:
    from trunkline_training.detection.targets import Objects, Targets
    from trunkline_training.nets.anchors import lite

    rng = np.random.default_rng(seed)
    anchors = lite((14, 7, 4, 2, 1, 1))
    targets = Targets(anchors)
    objects, labels = boxes_of(rng, 1 + seed % 4), rng.integers(1, 21, 1 + seed % 4)
    found, _ = targets.of(Objects(torch.tensor(objects, dtype=torch.float32), torch.tensor(labels)))
    assert found.tolist() == slow_labels(objects, labels, targets.corners.numpy())
    assert set(found.tolist()) >= {0}
    assert (found > 0).sum() >= 1


def test_codes_lead_back_to_the_boxes() -> None:
    """By the formula of `detection_graph`, which the served graph decodes with."""
    from trunkline_training.detection.targets import Objects, Targets
    from trunkline_training.nets.anchors import lite

    anchors = lite((14, 7, 4, 2, 1, 1)).astype(np.float64)
    box = [0.2, 0.3, 0.55, 0.7]
    labels, codes = Targets(anchors.astype(np.float32)).of(
        Objects(torch.tensor([box]), torch.tensor([3]))
    )
    for index in np.flatnonzero(labels.numpy()):
        cy, cx, h, w = anchors[index]
        y, x, log_h, log_w = codes[index].tolist()
        middle = cx + x / 10 * w, cy + y / 10 * h
        side = w * math.exp(log_w / 5), h * math.exp(log_h / 5)
        corners = [m - s / 2 for m, s in zip(middle, side, strict=True)]
        corners += [m + s / 2 for m, s in zip(middle, side, strict=True)]
        np.testing.assert_allclose(corners, box, atol=1e-5)


def test_a_picture_without_objects_is_all_background() -> None:
    from trunkline_training.detection.targets import Objects, Targets
    from trunkline_training.nets.anchors import ssd

    nothing = Objects(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    labels, codes = Targets(ssd((28, 14, 7, 4, 2, 1))).batch([nothing])
    assert labels.shape == (1, 4722)
    assert codes.shape == (1, 4722, 4)
    assert not labels.any()


def test_the_loss_is_that_of_the_hand() -> None:
    """One matched anchor and four others, of which the three worst count."""
    from trunkline_training.detection.loss import multibox

    labels = torch.tensor([[2, 0, 0, 0, 0]])
    chances = [
        [0.2, 0.3, 0.5],
        [0.9, 0.05, 0.05],
        [0.5, 0.25, 0.25],
        [0.7, 0.2, 0.1],
        [0.8, 0.1, 0.1],
    ]
    scores = torch.tensor([chances]).log()
    codes = torch.zeros(1, 5, 4)
    wanted = torch.zeros(1, 5, 4)
    wanted[0, 0] = torch.tensor([0.5, -2.0, 0.0, 1.0])
    wanted[0, 1] = 9.0  # of no object, so of no matter
    found = multibox(codes, scores, labels, wanted)
    assert found["boxes"].item() == pytest.approx(0.5 * 0.25 + 1.5 + 0.5)
    expected = -sum(math.log(chance) for chance in (0.5, 0.5, 0.7, 0.8))
    assert found["classes"].item() == pytest.approx(expected, abs=1e-5)


def test_each_picture_pays_for_its_own_objects() -> None:
    from trunkline_training.detection.loss import hardest

    entropy = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0], [9.0, 8.0, 7.0, 6.0, 5.0]])
    matched = torch.tensor([[True, False, False, False, False], [False] * 5])
    kept = hardest(entropy, matched, 2.0)
    assert kept.tolist() == [[False, True, True, False, False], [False] * 5]
