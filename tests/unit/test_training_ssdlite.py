"""The detector's graph against the same sums written out in numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trunkline import engines
from trunkline.engines import Network
from trunkline.weights.conv import Conv

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.torch

ANCHORS = np.array(
    [[0.25, 0.25, 0.3, 0.3], [0.25, 0.27, 0.3, 0.3], [0.75, 0.75, 0.2, 0.4], [0.5, 0.5, 1.2, 1.2]],
    np.float32,
)
LABELS = 3


def graph_file(folder: Path) -> Path:
    """A graph of nothing but the end of a detector: (N, 7, 2, 2) holds 4 codes and 3 scores."""
    from trunkline.weights.graph import Graph, Value
    from trunkline_training import detection_graph

    graph = Graph("end")
    x = graph.input("features", (7, 2, 2))
    sizes = graph.constant("widths", np.array([4, LABELS], np.int64))
    box, score = graph.nodes("Split", [x.name, sizes], ["codes_in", "scores_in"], axis=1)
    maps = [(Value(score, (LABELS, 2, 2)), Value(box, (4, 2, 2)))]
    path = folder / "end.onnx"
    path.write_bytes(detection_graph.finish(graph, maps, ANCHORS, LABELS, 0.5))
    return path


@pytest.fixture(params=sorted(engines.ENGINES))
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Network:
    return engines.load(request.param, graph_file(tmp_path), threads=1)


def features(codes: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """(N, 4, 4) codes and (N, 4, 3) logits as the graph's input (N, 7, 2, 2)."""
    rows = np.concatenate([codes, logits], axis=2).astype(np.float32)
    return np.ascontiguousarray(rows.reshape(-1, 2, 2, 7).transpose(0, 3, 1, 2))


def logits(**scores: float) -> np.ndarray:
    """(1, 4, 3) logits for scores named `a<anchor>l<label>`; the others are 0.001."""
    table = np.full((1, 4, LABELS), 0.001)
    for name, score in scores.items():
        table[0, int(name[1]), int(name[3])] = score
    result: np.ndarray = np.log(table / (1 - table))
    return result


def test_boxes_are_decoded(network: Network) -> None:
    codes = np.zeros((1, 4, 4))
    codes[0, 2] = [1.0, -2.0, 5 * np.log(0.5), 5 * np.log(2)]  # y, x, h, w
    (rows,) = network.run(features(codes, logits(a0l1=0.9, a2l2=0.6)))
    # the second anchor: cy 0.75 + 0.1 * 0.2, cx 0.75 - 0.2 * 0.4, h 0.1, w 0.8; clipped to 1
    expected = [[0, 1, 0.9, 0.1, 0.1, 0.4, 0.4], [0, 2, 0.6, 0.27, 0.72, 1.0, 0.82]]
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_overlaps_are_dropped_within_a_class_only(network: Network) -> None:
    rows = network.run(features(np.zeros((1, 4, 4)), logits(a0l1=0.9, a1l1=0.8, a1l0=0.7)))[0]
    assert [(int(row[1]), round(float(row[2]), 3)) for row in rows] == [(1, 0.9), (0, 0.7)]


def test_pictures_keep_apart_and_in_order(network: Network) -> None:
    table = np.concatenate([logits(a0l0=0.3, a2l1=0.5), logits(), logits(a3l2=0.95, a0l0=0.2)])
    (rows,) = network.run(features(np.zeros((3, 4, 4)), table))
    assert rows[:, 0].tolist() == [0, 0, 2, 2]
    np.testing.assert_allclose(rows[:, 2], [0.5, 0.3, 0.95, 0.2], atol=1e-5)


def test_nothing_found_is_an_empty_table(network: Network) -> None:
    (rows,) = network.run(features(np.zeros((2, 4, 4)), np.concatenate([logits(), logits()])))
    assert rows.shape == (0, 7)


def test_anchors_keep_their_size_in_pixels() -> None:
    from trunkline_training import ssdlite

    counts = [g * g * a for g, a in zip(ssdlite.TRAINED_GRIDS, ssdlite.ANCHORS, strict=True)]
    trained = np.tile([0.0, 0.0, 0.2, 0.4], (sum(counts), 1))
    anchors = ssdlite.rescaled(trained, (14, 7, 4, 2, 1, 1))
    assert anchors.shape == (14 * 14 * 3 + 6 * (49 + 16 + 4 + 1 + 1), 4)
    np.testing.assert_allclose(anchors[:, 2:] * 224, np.tile([60, 120], (len(anchors), 1)), 1e-5)
    np.testing.assert_allclose(anchors[0, :2], [0.5 / 14, 0.5 / 14], rtol=1e-6)
    np.testing.assert_allclose(anchors[3, :2], [0.5 / 14, 1.5 / 14], rtol=1e-6)
    np.testing.assert_allclose(anchors[-1, :2], [0.5, 0.5])


def test_only_used_classes_are_kept() -> None:
    from trunkline_training import ssdlite
    from trunkline_training.coco import CATEGORIES

    bias = np.arange(2 * 91, dtype=np.float16)
    kept = ssdlite.known_classes(Conv(np.zeros((2 * 91, 4, 1, 1), np.float16), bias))
    assert kept.bias.tolist() == [*CATEGORIES, *(91 + coco_id for coco_id in CATEGORIES)]
