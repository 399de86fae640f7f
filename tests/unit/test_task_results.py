"""The tasks' own part: options, classes out of logits, boxes out of rows, failures' codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trunkline import errors
from trunkline.errors import ParameterError
from trunkline_tasks import failures, tasks
from trunkline_tasks.tasks import Options, Task
from trunkline_tasks.tasks.classifier import Classifier, softmax
from trunkline_tasks.tasks.ssd import Ssd

LABELS = ("a", "b", "c")


def rows(*values: tuple[float, ...]) -> list[NDArray[np.float32]]:
    return [np.array(values, np.float32).reshape(-1, 7)]


def test_the_table_names_classes_of_tasks() -> None:
    for name in tasks.TASKS:
        kind = tasks.load(name)
        assert issubclass(kind, Task)
        assert isinstance(kind.defaults, Options)


@pytest.mark.parametrize("top_k", [1, 5, 1000])
def test_sound_options(top_k: int) -> None:
    defaults = Options(5, 0.25)
    assert defaults.override(top_k, None) == Options(top_k, 0.25)
    assert defaults.override(None, 1.0) == Options(5, 1.0)


@pytest.mark.parametrize(
    ("top_k", "threshold"), [(0, 0.5), (1001, 0.5), (5, -0.01), (5, 1.01), (5, float("nan"))]
)
def test_unsound_options(top_k: int, threshold: float) -> None:
    with pytest.raises(errors.ParameterError):
        Options(top_k, threshold)


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=50))
def test_softmax_is_a_distribution(values: list[float]) -> None:
    scores = softmax(np.array(values, np.float32))
    assert abs(scores.sum() - 1) < 1e-9
    assert scores.min() >= 0
    assert scores[np.argmax(np.array(values, np.float32))] == scores.max()


def test_classes_are_cut_at_top_k_and_threshold() -> None:
    classifier = Classifier(LABELS)
    outputs = [np.array([[1.0, 3.0, 2.0]], np.float32)]
    both = classifier.result(outputs, (0, 0), Options(2, 0.0))
    assert [one.label for one in both.classes] == ["b", "c"]
    sure = classifier.result(outputs, (0, 0), Options(1000, 0.5))
    assert [one.label for one in sure.classes] == ["b"]
    assert classifier.result(outputs, (0, 0), Options(5, 1.0)).classes == ()


def test_equal_scores_keep_the_labels_order() -> None:
    result = Classifier(LABELS).result([np.zeros((1, 3), np.float32)], (0, 0), Options(3, 0.0))
    assert [one.index for one in result.classes] == [0, 1, 2]


def test_no_rows_are_no_detections() -> None:
    assert Ssd(LABELS).result(rows(), (10, 10), Options(5, 0.0)).detections == ()


def test_rows_become_boxes_best_first() -> None:
    found = Ssd(LABELS).result(
        rows((0, 0, 0.5, 0.1, 0.2, 0.3, 0.4), (0, 2, 0.75, -1, 0, 2, 1)),
        (640, 480),
        Options(5, 0.5),
    )
    assert [one.label for one in found.detections] == ["c", "a"]
    assert found.detections[0].box == (0, 0, 640, 480)
    assert found.detections[1].box == pytest.approx((64, 96, 192, 192))


@pytest.mark.parametrize("label", [3, -1, 1e9])
def test_a_label_beyond_the_list_is_the_tails_fault(label: float) -> None:
    with pytest.raises(errors.WeightsError, match="names label"):
        Ssd(LABELS).result(rows((0, label, 0.5, 0, 0, 1, 1)), (9, 9), Options(5, 0.0))


@pytest.mark.parametrize("task", [Classifier(LABELS), Ssd(LABELS)])
def test_outputs_of_another_tail_are_refused(task: Task) -> None:
    for outputs in ([], [np.zeros((2, 5), np.float32)], [np.zeros(3, np.float32)] * 2):
        with pytest.raises(errors.WeightsError, match="build it again"):
            task.check_outputs(outputs)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_are_the_frames_fault(bad: float) -> None:
    with pytest.raises(errors.CorruptFrameError, match="not finite"):
        Classifier(LABELS).result([np.array([[0, bad, 0]], np.float32)], (9, 9), Options(5, 0.0))
    with pytest.raises(errors.CorruptFrameError, match="not finite"):
        Ssd(LABELS).result(rows((0, 0, bad, 0, 0, 1, 1)), (9, 9), Options(5, 0.0))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.FrameMismatchError("x"), "FAILED_PRECONDITION"),
        (errors.MissingExtraError("x", "hevc"), "FAILED_PRECONDITION"),
        (errors.CorruptFrameError("x"), "INVALID_ARGUMENT"),
        (errors.UnknownNameError("codec", "x", ["y"]), "INVALID_ARGUMENT"),
        (errors.TensorError("x"), "INVALID_ARGUMENT"),
        (errors.UnavailableError("x"), "UNAVAILABLE"),
        (failures.OverloadedError("x"), "RESOURCE_EXHAUSTED"),
        (failures.ExpiredError("x"), "DEADLINE_EXCEEDED"),
        (failures.CancelledError("x"), "CANCELLED"),
        (errors.WeightsError("x"), "INTERNAL"),
        (errors.EngineError("x"), "INTERNAL"),
        (MemoryError("x"), "INTERNAL"),
    ],
)
def test_codes(error: Exception, code: str) -> None:
    told = failures.failure(error, "r-1")
    assert (told.code, told.request_id) == (code, "r-1")
    assert code != "INTERNAL" or "x" not in told.message.split()


@given(st.text(max_size=3000))
def test_messages_fit_a_header(text: str) -> None:
    line = failures.failure(ParameterError(text)).message
    assert len(line) <= failures.LONGEST
    assert line.isprintable()
