"""`tensor`: how near the feature tensor that arrives is to the one that was sent; needs no tail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trunkline.errors import ParameterError
from trunkline.types import Result
from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.tasks.abc import Changes, Evaluation, Metric, Outputs

CEILING_DB = 140.0
"""What an exact tensor counts as: about what float32 itself resolves."""


class Tensor(Evaluation):
    """The signal-to-noise ratio of the tensors; how far tasks suffer from the noise it leaves open.

    Every row of every task has the `relative_error` it is made from.
    """

    truth = ""
    metrics = (Metric("snr", "tensor's signal to noise", "dB"),)
    has_tail = False

    def judge(self, outputs: Outputs, reference: Outputs, truth: Any) -> Row:  # noqa: ANN401
        """Nothing beside what every row has."""
        return {}

    def answer(self, outputs: Outputs) -> Result:
        """There is none. Raises ParameterError."""
        raise ParameterError("tensors are no answer: choose a task that has a tail")

    def score(self, rows: Sequence[Row]) -> dict[str, float]:
        """The ratio of all pictures' energies, each picture's signal counted as one."""
        noise = sum(row["relative_error"] ** 2 for row in rows) / len(rows)
        return {"snr": min(-10 * math.log10(noise), CEILING_DB) if noise else CEILING_DB}

    def against(self, reference: Sequence[Row], seed: int) -> Changes:
        """None: the noise is itself a difference."""
        return lambda rows: {}
