"""Which source network to take by its scores, in words that promise no more than they can keep.

The published figures (twelve sources fine-tuned on Caltech-101) have both scores correlate with the
accuracy by rank: softmax 0.89 (AlexNet) and 0.83 (ResNet18), EMD 0.77 and 0.71. Both put every
network trained on ImageNet before a random one; in closer cases they were wrong, and EMD put the
two trained on Places365 behind the random ones, although they were far better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trunkline_training.making.choosing.rank import Measured

WIDTH = 1.96
"""Standard errors on either side of a mean that cover 95 %."""
CAVEAT = "the scores compare, they predict no accuracy"
CLOSE = "train on both and measure"


@dataclass(frozen=True)
class Margin:
    """By how much more EMD a picture costs with the runner-up: mean, and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}] a picture"


@dataclass(frozen=True)
class Advice:
    """`clear` where both scores agree beyond what the choice of pictures explains.

    `margin` is None where there is no runner-up.
    """

    best: str
    clear: bool
    text: str
    margin: Margin | None = None


def ordered(measured: Sequence[Measured]) -> list[Measured]:
    """The lowest EMD score first; equal ones by softmax score, then by name."""
    return sorted(measured, key=lambda it: (it.scored.emd, -it.scored.softmax, it.scored.name))


def advise(measured: Sequence[Measured]) -> Advice:
    """Which to take, and how sure that is; of one candidate at least."""
    best, *others = ordered(measured)
    name = best.candidate.name
    if not others:
        return Advice(name, False, f"{name} is the only one: there is nothing to compare it with")
    margin = _margin(best, others[0])
    clear, text = _judged(best, others[0], margin, measured)
    return Advice(name, clear, f"{text}{_beside_random(measured)}; {CAVEAT}", margin)


def _judged(
    best: Measured, second: Measured, margin: Margin, measured: Sequence[Measured]
) -> tuple[bool, str]:
    name, other = best.candidate.name, second.candidate.name
    surest = max(measured, key=lambda it: it.scored.softmax).candidate.name
    behind = f"{other} {margin}"
    if best.candidate.entry is None:
        return False, f"none is clearly of use: by EMD {name} comes first ({behind}), so {CLOSE}"
    if surest != name:
        return False, f"{name} by EMD, {surest} by softmax: they disagree, so {CLOSE}"
    if margin.low <= 0:
        return False, f"{name} or {other}: too close to tell ({behind}), so {CLOSE}"
    if second.candidate.entry is None:
        return True, f"{name}: both scores name it ({behind})"
    return True, (
        f"{name}: both scores name it, other pictures would hardly change that ({behind}), but "
        "between trained networks the published scores were wrong at times"
    )


def _beside_random(measured: Sequence[Measured]) -> str:
    """What the scores are surest of: how many trained networks come before the random tail."""
    drawn = [it for it in measured if it.candidate.entry is None]
    trained = [it for it in measured if it.candidate.entry is not None]
    if not drawn or not trained:
        return ""
    before = sum(
        all(
            _margin(it, other).low > 0 and it.scored.softmax > other.scored.softmax
            for other in drawn
        )
        for it in trained
    )
    return f"; surely before the random tail by both scores: {before} of {len(trained)}"


def _margin(best: Measured, second: Measured) -> Margin:
    """Picture by picture, so that what is hard for both cancels."""
    more = second.emd - best.emd
    mean = float(more.mean())
    if len(more) < 2:
        return Margin(mean, -math.inf, math.inf)
    half = WIDTH * float(np.std(more, ddof=1)) / math.sqrt(len(more))
    return Margin(mean, mean - half, mean + half)
