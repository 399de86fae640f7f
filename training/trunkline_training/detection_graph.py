"""The end of a detector inside its graph: sigmoid, box decoding, NMS, the best 100 a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from trunkline.weights.graph import Graph, Value

SCORE_THRESHOLD = 0.01
MOST = 100
"""Detections a picture."""
CODE_SCALE = (10.0, 10.0, 5.0, 5.0)
"""Factors of the box code (y, x, h, w), as the TensorFlow Object Detection API has them."""


@dataclass(frozen=True)
class Sizes:
    """How many anchors and labels a picture has."""

    anchors: int
    labels: int


def finish(
    graph: Graph,
    maps: Sequence[tuple[Value, Value]],
    anchors: NDArray[np.float32],
    labels: int,
    iou_threshold: float,
    background: bool = False,
) -> bytes:
    """The model whose output `detections` is (K, 7) float32, sorted by picture, then by score.

    A row is (picture, label index, score, x1, y1, x2, y2); boxes are fractions 0..1 of the squashed
    picture. `maps` are each feature map's class scores and box codes, (anchors a place * width, H,
    W); `anchors` is (anchors, 4) as (cy, cx, h, w). With `background` the first of an anchor's
    scores is that of nothing, and probabilities are a softmax; without, each is a sigmoid.
    """
    sizes = Sizes(len(anchors), labels)
    width = labels + background
    codes = graph.node("Concat", [_rows(graph, box, 4) for _, box in maps], "codes", axis=1)
    corners = _decode(graph, codes, anchors)  # (N, A, 4) as x1, y1, x2, y2
    scores = [_rows(graph, score, width) for score, _ in maps]
    logits = graph.node("Concat", scores, "class_logits", axis=1)  # (N, A, L)
    probabilities = _probabilities(graph, logits, labels, background)
    rows = _suppress(graph, corners, probabilities, sizes, iou_threshold)
    _best(graph, rows, _picture_numbers(graph, probabilities))
    return graph.model("detections", ["K", 7])


def _rows(graph: Graph, x: Value, width: int) -> str:
    """(N, anchors * width, H, W) -> (N, H, W, anchors * width) -> (N, H * W * anchors, width)."""
    last = graph.node("Transpose", [x.name], f"{x.name}.nhwc", perm=[0, 2, 3, 1])
    shape = graph.constant(f"shape.{width}", np.array([0, -1, width], np.int64))
    return graph.node("Reshape", [last, shape], f"{x.name}.rows")


def _probabilities(graph: Graph, logits: str, labels: int, background: bool) -> str:
    """(N, A, L) scores to (N, L, A) probabilities of the labels."""
    if background:
        shares = graph.node("Softmax", [logits], "shares", axis=2)
        known = graph.constant("known", np.arange(1, labels + 1, dtype=np.int64))
        logits = graph.node("Gather", [shares, known], "known_shares", axis=2)
    name = "probabilities" if background else "class_major"
    by_class = graph.node("Transpose", [logits], name, perm=[0, 2, 1])
    return by_class if background else graph.node("Sigmoid", [by_class], "probabilities")


def _decode(graph: Graph, codes: str, anchors: NDArray[np.float32]) -> str:
    """(N, A, 4) box codes to (N, A, 4) corners x1, y1, x2, y2, clipped to 0..1.

    Inverts t_y = 10 (y - cy) / h, t_h = 5 ln(height / h), and the like for x and width.
    """
    scale = np.array(CODE_SCALE, np.float32)
    scaled = graph.node("Div", [codes, graph.constant("code_scale", scale)], "scaled")
    halves = graph.constant("halves", np.array([2, 2], np.int64))
    shift, log_size = graph.nodes("Split", [scaled, halves], ["shift", "log_size"], axis=2)
    size = graph.constant("anchor_size", anchors[:, 2:])  # (A, 2) as h, w
    centre = graph.constant("anchor_centre", anchors[:, :2])  # (A, 2) as cy, cx
    moved = graph.node("Add", [graph.node("Mul", [shift, size], "offset"), centre], "centre")
    grown = graph.node("Mul", [graph.node("Exp", [log_size], "growth"), size], "size")
    half = graph.node("Mul", [grown, graph.constant("half", np.array(0.5, np.float32))], "radius")
    low = graph.node("Sub", [moved, half], "low")  # (N, A, 2) as y1, x1
    high = graph.node("Add", [moved, half], "high")
    both = graph.node("Concat", [low, high], "yxyx", axis=2)
    order = graph.constant("xyxy_order", np.array([1, 0, 3, 2], np.int64))
    corners = graph.node("Gather", [both, order], "corners", axis=2)
    ends = [graph.constant(f"unit.{v}", np.array(v, np.float32)) for v in (0, 1)]
    return graph.node("Clip", [corners, *ends], "clipped")


def _suppress(
    graph: Graph, corners: str, probabilities: str, sizes: Sizes, iou_threshold: float
) -> str:
    """Class-wise non-maximum suppression: rows as in the output, (K + 100, 7), in no order.

    The last 100 rows are blanks of score 0, so that each picture has 100 to choose from.
    """
    limits = [
        _integers(graph, "most", MOST),
        graph.constant("iou", np.array([iou_threshold], np.float32)),
        graph.constant("least", np.array([SCORE_THRESHOLD], np.float32)),
    ]
    chosen = graph.node("NonMaxSuppression", [corners, probabilities, *limits], "chosen")
    # (K, 3) rows of (picture, label, anchor) -> (K,) places in the flat tensors
    steps = sizes.labels * sizes.anchors, sizes.anchors, 1
    flat = _reshape(graph, probabilities, "flat", -1)
    score = graph.node("Gather", [flat, _places(graph, "score", chosen, steps)], "scores")
    boxes = _reshape(graph, corners, "all_boxes", -1, 4)
    place = _places(graph, "box", chosen, (sizes.anchors, 0, 1))
    columns = [
        graph.node(
            "Cast", [_column(graph, chosen, 0, "picture")], "pictures", to=TensorProto.FLOAT
        ),
        graph.node("Cast", [_column(graph, chosen, 1, "label")], "labels", to=TensorProto.FLOAT),
        _reshape(graph, score, "score_column", -1, 1),
        graph.node("Gather", [boxes, place], "box", axis=0),
    ]
    rows = graph.node("Concat", columns, "found", axis=1)
    blanks = graph.constant("blanks", np.zeros((MOST, 7), np.float32))
    return graph.node("Concat", [rows, blanks], "rows", axis=0)


def _best(graph: Graph, rows: str, pictures: str) -> str:
    """Each picture's best 100 rows, blanks left out; `pictures` (N, 1) numbers the batch."""
    zero = graph.constant("zero", np.array(0, np.float32))
    owner = _reshape(graph, _column(graph, rows, 0, "owner"), "owners", 1, -1)
    score = _reshape(graph, _column(graph, rows, 2, "row_score"), "row_scores", 1, -1)
    own = graph.node("Equal", [owner, pictures], "own")  # (N, K + 100)
    table = graph.node("Where", [own, score, zero], "score_table")
    most = _integers(graph, "most", MOST)
    best, index = graph.nodes("TopK", [table, most], ["best", "best_row"], axis=1, sorted=1)
    ranked = graph.node("Gather", [rows, _reshape(graph, index, "ranks", -1)], "ranked", axis=0)
    strong = graph.node("Greater", [_reshape(graph, best, "best_list", -1), zero], "strong")
    kept = _reshape(graph, graph.node("NonZero", [strong], "strong_index"), "kept", -1)
    return graph.node("Gather", [ranked, kept], "detections", axis=0)


def _picture_numbers(graph: Graph, probabilities: str) -> str:
    """(N, 1) float32: 0, 1, ... for the pictures of the batch."""
    zero, one = (graph.constant(f"{n}.int", np.array(n, np.int64)) for n in (0, 1))
    shape = graph.node("Shape", [probabilities], "shape")
    count = graph.node("Gather", [shape, zero], "picture_count", axis=0)
    counted = graph.node("Range", [zero, count, one], "counted")
    numbers = graph.node("Cast", [counted], "numbers", to=TensorProto.FLOAT)
    return _reshape(graph, numbers, "picture_numbers", -1, 1)


def _places(graph: Graph, name: str, chosen: str, steps: tuple[int, int, int]) -> str:
    """(K,) flat indices: rows of (picture, label, anchor) times the tensor's steps."""
    scaled = graph.node(
        "Mul", [chosen, _integers(graph, f"{name}_steps", *steps)], f"{name}_scaled"
    )
    axis = _integers(graph, "axis1", 1)
    return graph.node("ReduceSum", [scaled, axis], f"{name}_places", keepdims=0)


def _column(graph: Graph, x: str, number: int, name: str) -> str:
    """One column of a (K, M) tensor, (K, 1)."""
    return graph.node("Gather", [x, _integers(graph, f"column{number}", number)], name, axis=1)


def _integers(graph: Graph, name: str, *values: int) -> str:
    return graph.constant(name, np.array(values, np.int64))


def _reshape(graph: Graph, x: str, name: str, *shape: int) -> str:
    return graph.node("Reshape", [x, _integers(graph, f"{name}.shape", *shape)], name)
