"""`classifier`: which of the classes a picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import WeightsError
from trunkline.types import Classification, ClassScore
from trunkline_tasks.tasks.base import Options, Outputs, Task, only_output, require_finite


class Classifier(Task):
    """Softmax over the tail's logits (1, classes), best classes first."""

    defaults = Options(top_k=5, score_threshold=0.0)

    def check_outputs(self, outputs: Outputs) -> None:
        """One output (1, labels)."""
        shape = only_output(outputs).shape
        if shape != (1, len(self.labels)):
            raise WeightsError(
                f"classifier tail gives {shape}: expected logits (1, {len(self.labels)}), "
                "one for each label; build it again"
            )

    def result(
        self, outputs: Outputs, image_size: tuple[int, int], options: Options
    ) -> Classification:
        """At most `top_k` classes with a probability of at least `score_threshold`."""
        logits = outputs[0][0]  # (1, K) -> (K,)
        require_finite(logits)
        scores = softmax(logits)
        # stable, so that equal scores keep the labels' order on every machine
        best = np.argsort(-scores, kind="stable")[: options.top_k]
        return Classification(
            tuple(
                ClassScore(int(index), self.labels[index], float(scores[index]))
                for index in best
                if scores[index] >= options.score_threshold
            )
        )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities (K,) of finite logits (K,); the maximum is taken off so that none overflows."""
    powers = np.exp(logits.astype(np.float64) - float(logits.max()))
    probabilities: NDArray[np.float64] = powers / powers.sum()
    return probabilities
