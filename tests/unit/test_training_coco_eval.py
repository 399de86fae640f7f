"""Our average precision beside COCO's own evaluator, and beside areas computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import voc_reference
from tests.voc_reference import Found
from trunkline_training import grading
from trunkline_training.average_precision import mean_average_precision
from trunkline_training.voc import CLASSES, Truth

coco = pytest.importorskip("pycocotools.coco")
evaluation = pytest.importorskip("pycocotools.cocoeval")

SIDE, PICTURES, KINDS = 200.0, 80, 4


def boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 4) as x1, y1, x2, y2 in 0..1."""
    low = rng.uniform(0, 0.6, (count, 2))
    return np.concatenate([low, low + rng.uniform(0.1, 0.4, (count, 2))], axis=1)


def scene(seed: int) -> tuple[dict[str, list[Truth]], list[Found]]:
    """Objects, and detections that hit some of them, some twice, with false ones between."""
    rng = np.random.default_rng(seed)
    truths: dict[str, list[Truth]] = {}
    found = []
    for number in range(PICTURES):
        image = f"{number:03}"
        truths[image] = []
        for box in boxes(rng, int(rng.integers(1, 5))):
            name = CLASSES[rng.integers(KINDS)]
            truths[image].append(Truth(name, tuple(box.tolist()), False))
            for _ in range(int(rng.integers(0, 3))):
                moved = np.clip(box + rng.normal(0, 0.03, 4), 0, 1)
                found.append(Found(image, name, float(rng.beta(4, 3)), tuple(moved.tolist())))
        for box in boxes(rng, int(rng.integers(0, 4))):
            name = CLASSES[rng.integers(KINDS)]
            found.append(Found(image, name, float(rng.beta(2, 4)), tuple(box.tolist())))
    return truths, found


def pixels(box: tuple[float, ...]) -> list[float]:
    """x, y, width, height, as COCO has them."""
    x1, y1, x2, y2 = (SIDE * side for side in box)
    return [x1, y1, x2 - x1, y2 - y1]


def coco_ap50(truths: dict[str, list[Truth]], found: list[Found]) -> float:
    """COCO's AP at IoU 0.5 in percent."""
    annotations: list[dict[str, Any]] = [
        {"image_id": int(image), "category_id": CLASSES.index(it.name), "bbox": pixels(it.box)}
        for image, objects in truths.items()
        for it in objects
    ]
    for number, item in enumerate(annotations, start=1):
        item |= {"id": number, "iscrowd": 0, "area": item["bbox"][2] * item["bbox"][3]}
    known = coco.COCO()
    known.dataset = {
        "info": {},
        "images": [{"id": int(image), "width": SIDE, "height": SIDE} for image in truths],
        "categories": [{"id": number, "name": CLASSES[number]} for number in range(KINDS)],
        "annotations": annotations,
    }
    known.createIndex()
    results = [
        {
            "image_id": int(it.image),
            "category_id": CLASSES.index(it.name),
            "bbox": pixels(it.box),
            "score": it.score,
        }
        for it in found
    ]
    judged = evaluation.COCOeval(known, known.loadRes(results), "bbox")
    judged.params.iouThrs = np.array([0.5])
    judged.evaluate()
    judged.accumulate()
    precision = judged.eval["precision"][0, :, :, 0, -1]  # (recalls, classes)
    return 100 * float(precision[precision > -1].mean())


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_cocos_within_a_point(seed: int) -> None:
    truths, found = scene(seed)
    theirs = coco_ap50(truths, found)
    ours = voc_reference.mean_average_precision(truths, found, voc_reference.all_points)[0]
    assert 20 < theirs < 90
    assert ours == pytest.approx(theirs, abs=1.0)


@pytest.mark.parametrize("seed", range(4))
def test_both_of_our_evaluators_agree(seed: int) -> None:
    """The one for figures, and the one that resamples pictures."""
    truths, found = scene(seed)
    rows = []
    for image, objects in truths.items():
        mine = sorted((it for it in found if it.image == image), key=lambda it: -it.score)
        known = [[CLASSES.index(it.name), *it.box, it.difficult] for it in objects]
        listed = [(CLASSES.index(it.name), it.score, it.box) for it in mine]
        rows.append(
            {"found": grading.graded(listed, known), "objects": [item[0] for item in known]}
        )
    once = np.ones((1, len(rows)))
    averages = voc_reference.eleven_points, voc_reference.all_points
    for all_points, average in enumerate(averages):
        ours = voc_reference.mean_average_precision(truths, found, average)[0]
        other = float(mean_average_precision(rows, once, bool(all_points))[0])
        assert ours == pytest.approx(other, abs=1e-3)


def test_the_area_by_hand() -> None:
    """Hits at ranks 1 and 3 of two wanted: 1/2 at precision 1, 1/2 at 2/3."""
    hits = np.array([True, False, True, False])
    assert voc_reference.all_points(hits, 2) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert voc_reference.all_points(np.array([], bool), 2) == 0.0
    assert voc_reference.all_points(hits, 4) == pytest.approx(0.25 + 0.25 * 2 / 3)
