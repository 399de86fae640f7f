"""The VOC2007 evaluator and the names between COCO and VOC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import voc_reference
from tests.voc_reference import Found
from trunkline.errors import TrunklineError
from trunkline_training import coco, figures, pictures, voc
from trunkline_training.voc import Truth

BOX = (0.1, 0.1, 0.5, 0.5)
ELSEWHERE = (0.6, 0.6, 0.9, 0.9)


def cat(score: float, box: voc.Box = BOX, image: str = "a") -> Found:
    return Found(image, "cat", score, box)


def ap(truths: list[Truth], found: list[Found]) -> float:
    return voc_reference.mean_average_precision({"a": truths, "b": []}, found)[1]["cat"]


@pytest.mark.parametrize(
    ("truths", "found", "expected"),
    [
        ([Truth("cat", BOX, False)], [cat(0.9)], 100.0),
        ([Truth("cat", BOX, False)], [], 0.0),
        ([Truth("cat", BOX, False)], [cat(0.9, ELSEWHERE)], 0.0),
        # a second detection of one object is wrong, but comes after full recall
        ([Truth("cat", BOX, False)], [cat(0.9), cat(0.8)], 100.0),
        ([Truth("cat", BOX, False)], [cat(0.9, ELSEWHERE), cat(0.8)], 50.0),
        # found one of two: precision 1 up to a recall of 0.5, that is 6 of 11 points
        ([Truth("cat", BOX, False), Truth("cat", ELSEWHERE, False)], [cat(0.9)], 600 / 11),
        # difficult objects count neither way
        ([Truth("cat", BOX, True), Truth("cat", ELSEWHERE, False)], [cat(0.9)], 0.0),
        (
            [Truth("cat", BOX, True), Truth("cat", ELSEWHERE, False)],
            [cat(0.9), cat(0.8, ELSEWHERE)],
            100.0,
        ),
        ([Truth("cat", BOX, False), Truth("dog", ELSEWHERE, False)], [cat(0.9)], 100.0),
        ([Truth("cat", BOX, False)], [cat(0.95, BOX, "b"), cat(0.9)], 50.0),
    ],
)
def test_average_precision(truths: list[Truth], found: list[Found], expected: float) -> None:
    assert ap(truths, found) == pytest.approx(expected)


def test_eleven_points_take_the_best_precision_behind_each_recall() -> None:
    hits = np.array([True, False, True, False, False, True])
    # recalls 1/3, 2/3, 1 at precisions 1, 2/3, 1/2: points 0-0.3, 0.4-0.6, 0.7-1
    assert voc_reference.eleven_points(hits, 3) == pytest.approx((4 * 1 + 3 * 2 / 3 + 4 / 2) / 11)


@pytest.mark.parametrize(
    ("other", "expected"),
    [(BOX, 1.0), (ELSEWHERE, 0.0), ((0.1, 0.1, 0.5, 0.3), 0.5), ((0.5, 0.1, 0.9, 0.5), 0.0)],
)
def test_intersection_over_union(other: voc.Box, expected: float) -> None:
    assert voc.iou(BOX, other) == pytest.approx(expected)


XML = """<annotation><size><width>200</width><height>100</height><depth>3</depth></size>
<object><name>cat</name><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>100</xmax><ymax>50</ymax></bndbox></object>
</annotation>"""


def test_annotations_become_fractions(tmp_path: Path) -> None:
    (tmp_path / "Annotations").mkdir()
    path = tmp_path / "Annotations" / "1.xml"
    path.write_text(XML)
    assert voc.objects(tmp_path, ["1"]) == {"1": [Truth("cat", (0.0, 0.1, 0.5, 0.5), True)]}
    path.write_text("<annotation/>")
    with pytest.raises(TrunklineError, match="not a VOC annotation"):
        voc.objects(tmp_path, ["1"])


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrunklineError, match="check --data"):
        pictures.voc(tmp_path, "test")


def test_every_voc_class_is_a_coco_class() -> None:
    assert len(coco.LABELS) == len(set(coco.LABELS)) == 80
    assert set(coco.VOC_NAMES) < set(coco.LABELS)
    assert sorted(coco.VOC_NAMES.values()) == sorted(voc.CLASSES)


def test_rows_are_judged_as_detections_of_voc_classes() -> None:
    rows = np.array(
        [[0, coco.LABELS.index("couch"), 0.9, *BOX], [0, coco.LABELS.index("zebra"), 0.8, *BOX]],
        np.float32,
    )
    sofa = voc.CLASSES.index("sofa")
    row = figures.judge(True, coco.LABELS).row(rows, [[sofa, *BOX, False]])
    assert row == {"found": [[sofa, 0.9, 1]], "objects": [sofa]}


def test_top_scores() -> None:
    judge = figures.judge(False, ["a"] * 7)
    logits = np.array([[[6, 5, 4, 3, 2, 1, 0]]], np.float32)
    rows = [judge.row(logits[0], truth) for truth in (0, 4, 5)]
    found = judge.values(rows, np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(found["top1"], [100 / 3, 0])
    np.testing.assert_allclose(found["top5"], [200 / 3, 100])


def test_8_bits_stay_within_half_a_step() -> None:
    features = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)
    coded = figures.through_8_bits(features)
    for exact, rounded in zip(features, coded, strict=True):
        assert np.abs(exact - rounded).max() <= np.ptp(exact) / 255 / 2 * 1.001
