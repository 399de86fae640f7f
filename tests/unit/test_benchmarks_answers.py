"""What systems answer, ours and the rivals', read alike and graded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trunkline.errors import TrunklineError
from trunkline_benchmarks.serving import accuracy, answers
from trunkline_benchmarks.serving.answers import Reader
from trunkline_benchmarks.serving.builder import Setting
from trunkline_benchmarks.serving.rivals import networks
from trunkline_training.datasets import Picture

LABELS = {"classifier": ("a", "b"), "ssd": ("toaster", "airplane", "cat")}


def ours(label: str, box: list[float]) -> bytes:
    tasks = {
        "classifier": {"status": "ok", "classes": [{"index": 1, "label": "b", "score": 0.9}]},
        "ssd": {"status": "ok", "detections": [{"label": label, "score": 0.8, "box": box}]},
    }
    return json.dumps({"tasks": tasks, "image": {"width": 200, "height": 100}}).encode()


def theirs(label: int, box: list[float]) -> bytes:
    return json.dumps({"classes": [[1, 0.9]], "detections": [[label, 0.8, *box]]}).encode()


@pytest.mark.parametrize(
    "body", [ours("airplane", [20, 10, 100, 50]), theirs(1, [0.1, 0.1, 0.5, 0.5])]
)
def test_answers_of_either_kind_read_the_same(body: bytes) -> None:
    reader = Reader(LABELS)
    assert reader.best(body) == 1
    ((kind, score, box),) = reader.found(body)
    assert (kind, score) == (0, 0.8), "aeroplane is VOC's first class"
    assert box == pytest.approx((0.1, 0.1, 0.5, 0.5))
    truth = [Picture("p", Path("p"), [[0, 0.1, 0.1, 0.5, 0.5, 0]])]
    graded = answers.rows(reader, [body], truth)
    assert answers.mean_ap(graded)["map"] == pytest.approx(100)


def test_what_no_class_of_voc_is_counts_for_nothing() -> None:
    assert Reader(LABELS).found(theirs(0, [0, 0, 1, 1])) == []


def test_top1_with_its_interval() -> None:
    right = np.array([1.0] * 80 + [0.0] * 20)
    found = answers.top1(right)
    assert (found["top1"], found["pictures"]) == (80, 100)
    low, high = found["interval"]
    assert 70 < low < 80 < high < 90


def test_a_system_that_learnt_nothing_is_not_asked(tmp_path: Path) -> None:
    setting = Setting("mobilenet_v2", "keras-160", tmp_path)
    nowhere = str(tmp_path / "away")
    assert accuracy.of("litserve-torchvision:file", setting, nowhere, nowhere, 0) == {}


def test_a_failed_task_is_no_answer() -> None:
    body = {"tasks": {"classifier": {"status": "error", "code": "X", "message": "m"}}, "image": {}}
    with pytest.raises(TrunklineError, match="task classifier failed"):
        Reader(LABELS).best(json.dumps(body).encode())


def test_a_rivals_answer() -> None:
    logits = np.array([[0.0, 2.0, 1.0]], np.float32)
    rows = np.array([[0, 2, 0.2, 0, 0, 1, 1], [0, 1, 0.9, 0.5, 0.5, 1, 1]], np.float32)
    found = networks.answer(logits, rows, 0.3)
    assert [index for index, _ in found["classes"]] == [1, 2, 0]
    assert found["detections"] == [[1, pytest.approx(0.9), 0.5, 0.5, 1.0, 1.0]]
