"""`classifier`: the share of pictures whose class is the best answer, or among the best five."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trunkline.types import Classification, ClassScore, Result
from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.tasks.abc import Change, Changes, Evaluation, Metric, Outputs
from trunkline_training import bootstrap
from trunkline_training.datasets import CLASSES

TOP = 5
FIELDS = {"top1": "correct1", "top5": "correct5", "agree": "agree"}
"""The row's field behind each metric."""


class Classifier(Evaluation):
    """Logits (1, classes) against one class index a picture."""

    truth = CLASSES
    steady = "agree"
    metrics = (
        Metric("top1", "Top-1", "%"),
        Metric("top5", "Top-5", "%"),
        Metric("agree", "same Top-1 as uncompressed", "%"),
    )

    def judge(self, outputs: Outputs, reference: Outputs, truth: Any) -> Row:  # noqa: ANN401
        """The best class, and whether it and the best five are right."""
        best = _best(outputs)
        return {
            "class": best[0],
            "correct1": int(best[0] == truth),
            "correct5": int(truth in best),
            "agree": int(best[0] == _best(reference)[0]),
        }

    def answer(self, outputs: Outputs) -> Result:
        """The five best classes."""
        logits = outputs[0][0].astype(np.float64)  # (1, K) -> (K,)
        powers = np.exp(logits - logits.max())
        scores = powers / powers.sum()
        return Classification(
            tuple(ClassScore(it, self.labels[it], float(scores[it])) for it in _best(outputs))
        )

    def score(self, rows: Sequence[Row]) -> dict[str, float]:
        """Shares in percent."""
        return {
            name: 100 * float(np.mean([row[field] for row in rows]))
            for name, field in FIELDS.items()
        }

    def against(self, reference: Sequence[Row], seed: int) -> Changes:
        """By pictures that became wrong or right."""
        return lambda rows: self._changes(rows, reference, seed)

    def _changes(
        self, rows: Sequence[Row], reference: Sequence[Row], seed: int
    ) -> dict[str, Change]:
        found = {}
        for name, field in FIELDS.items():
            pairs = zip(rows, reference, strict=True)
            lost = np.array([row[field] - other[field] for row, other in pairs], np.float64)
            low, high = bootstrap.mean_interval(lost, seed)
            found[name] = Change(100 * float(lost.mean()), 100 * low, 100 * high)
        return found


def _best(outputs: Outputs) -> list[int]:
    """The best classes' indices, best first; stable, so that equal ones keep the labels' order."""
    best = np.argsort(-outputs[0][0], kind="stable")[:TOP]
    return [int(index) for index in best]
