"""What a task is: how it turns its tail's outputs into an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import CorruptFrameError, ParameterError, WeightsError
from trunkline.types import MAX_TOP_K, Result

Outputs = Sequence[NDArray[np.float32]]
SAME = 1e-3
"""How far a tail's outputs may differ between a batch of one and of two."""


@dataclass(frozen=True)
class Options:
    """How much of an answer is wanted: at most `top_k`, each with at least `score_threshold`."""

    top_k: int
    score_threshold: float

    def __post_init__(self) -> None:
        if not 1 <= self.top_k <= MAX_TOP_K:
            raise ParameterError(f"top_k is {self.top_k}: expected 1 to {MAX_TOP_K}")
        # NaN compares as false, so it is refused too
        if not 0.0 <= self.score_threshold <= 1.0:
            raise ParameterError(f"score_threshold is {self.score_threshold}: expected 0 to 1")

    def override(self, top_k: int | None, score_threshold: float | None) -> Options:
        """These options with what a request says instead. Raises ParameterError."""
        threshold = self.score_threshold if score_threshold is None else score_threshold
        return Options(self.top_k if top_k is None else top_k, threshold)


class Task(ABC):
    """Turns a tail's outputs, for one frame, into a result. Holds no state between frames."""

    defaults: ClassVar[Options]

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels

    @abstractmethod
    def check_outputs(self, outputs: Outputs) -> None:
        """Raise WeightsError unless the tail's outputs, for a batch of one, are this task's."""

    def alike(self, one: Outputs, other: Outputs) -> bool:
        """Whether two frames' outputs are the same but for rounding."""
        return all(
            mine.shape == theirs.shape and np.allclose(mine, theirs, atol=SAME)
            for mine, theirs in zip(one, other, strict=True)
        )

    def split(self, outputs: Outputs, count: int) -> list[Outputs]:
        """The outputs of each of `count` frames of a batch, as for a batch of one.

        By each output's first axis, unless a task says otherwise. Raises WeightsError where the
        tail takes no batches.
        """
        if any(len(output) != count for output in outputs):
            raise WeightsError(
                f"tail takes one frame at a time: it gave another number for {count}"
            )
        return [[output[index : index + 1] for output in outputs] for index in range(count)]

    @abstractmethod
    def result(self, outputs: Outputs, image_size: tuple[int, int], options: Options) -> Result:
        """The answer for one frame.

        `outputs` are the tail's for a batch of one, `image_size` the original picture's (width,
        height) in pixels. A third party's task may return a dictionary of JSON's types.
        Raises CorruptFrameError for outputs or a size that no sound frame gives.
        """


def only(outputs: Outputs) -> NDArray[np.float32]:
    """The one output of a tail that has one. Raises WeightsError."""
    if len(outputs) != 1:
        raise WeightsError(f"tail has {len(outputs)} outputs: expected 1; build it again")
    return outputs[0]


def only_output(outputs: Outputs) -> NDArray[np.float32]:
    """The one output that a tail gives for zeros, finite as it should be. Raises WeightsError."""
    only(outputs)
    if not np.isfinite(outputs[0]).all():
        raise WeightsError("tail gives NaN or Inf for zeros: build it again")
    return outputs[0]


def require_finite(values: NDArray[np.float32]) -> None:
    """Raise CorruptFrameError where the tail overflowed: its frame claims values no trunk makes."""
    if not np.isfinite(values).all():
        raise CorruptFrameError(
            "tail's answer is not finite: expected a frame whose quantiser's range a trunk can make"
        )
