"""`ssd`: objects and where they are.

The tail's graph ends in box decoding and non-maximum suppression; its rows are (batch, label index,
score, x1, y1, x2, y2), boxes as fractions of the picture, which the trunk saw squashed to a square:
each side scales by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import CorruptFrameError, WeightsError
from trunkline.types import Detection, Detections
from trunkline_tasks.tasks.base import Options, Outputs, Task, only_output, require_finite

COLUMNS = 7


class Ssd(Task):
    """Rows of the tail's detections as labelled boxes in pixels of the original picture."""

    defaults = Options(top_k=100, score_threshold=0.3)

    def check_outputs(self, outputs: Outputs) -> None:
        """One output (rows, 7)."""
        shape = only_output(outputs).shape
        if len(shape) != 2 or shape[1] != COLUMNS:
            raise WeightsError(
                f"ssd tail gives {shape}: expected detections (rows, {COLUMNS}); build it again"
            )

    def split(self, outputs: Outputs, count: int) -> list[Outputs]:
        """Rows by their first column, the frame's place in the batch."""
        rows = outputs[0]
        each = [rows[rows[:, 0] == index] for index in range(count)]
        for mine in each:
            mine[:, 0] = 0  # alone, every frame is the first; the rows are copies
        return [[mine] for mine in each]

    def result(self, outputs: Outputs, image_size: tuple[int, int], options: Options) -> Detections:
        """At most `top_k` objects with at least `score_threshold`, best first, boxes clipped."""
        width, height = image_size
        if width < 1 or height < 1:
            raise CorruptFrameError(
                f"frame claims a picture of {width}x{height} pixels: expected at least 1x1, "
                "as boxes are in its pixels"
            )
        rows = outputs[0]
        require_finite(rows)
        rows = rows[rows[:, 2] >= options.score_threshold]
        rows = rows[np.argsort(-rows[:, 2], kind="stable")][: options.top_k]
        # fractions -> pixels: (rows, 4) * (4,)
        scale = np.array([width, height, width, height], np.float64)
        boxes = np.clip(rows[:, 3:].astype(np.float64), 0.0, 1.0) * scale
        return Detections(
            tuple(self._detection(row, box) for row, box in zip(rows, boxes, strict=True))
        )

    def _detection(self, row: NDArray[np.float32], box: NDArray[np.float64]) -> Detection:
        """One row and its box in pixels."""
        index = int(row[1])
        if not 0 <= index < len(self.labels):
            raise WeightsError(f"ssd tail names label {index}: there are {len(self.labels)}")
        x1, y1, x2, y2 = (float(side) for side in box)
        return Detection(index, self.labels[index], float(row[2]), (x1, y1, x2, y2))
