"""What the agent sees and does, as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trunkline_training.progress import say
from trunkline_training.pruning.masks.budget import Budget
from trunkline_training.pruning.masks.recogniser import Recogniser, State

SHARES = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""An action zeroes this share of a layer's remaining filters."""
LOSS = 10.0
"""What a lost share of accuracy weighs beside a share of the wanted reduction."""
SEEN = 5
Observation = NDArray[np.float32]


class MaskEnvironment(gymnasium.Env):  # type: ignore[misc]  # has no types here
    """Layer after layer: an observation is (accuracy, reduction, wanted reduction, the layer's
    place, its remaining share, its mask padded with zeros), each 0..1.

    The reward of an action is the share of the wanted reduction that it brings; behind each pass
    over the layers the recogniser learns, and what accuracy it lost since the last pass is taken
    off. An episode ends with the wanted reduction, or, with what is missing taken off, behind the
    budget's passes.
    """

    def __init__(self, recogniser: Recogniser, target: float, budget: Budget) -> None:
        self._recogniser, self._target, self._budget = recogniser, target, budget
        self._widest = max(group.width for group in recogniser.groups)
        self.observation_space = spaces.Box(0.0, 1.0, (SEEN + self._widest,), np.float32)
        self.action_space = spaces.Discrete(len(SHARES))
        self._layer = self._round = 0
        self._accuracy = recogniser.base
        self.best: State | None = None
        """The end of the best episode: of those with the wanted reduction, the most accurate."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The recogniser as it was at the beginning."""
        super().reset(seed=seed)
        self._recogniser.restart()
        self._layer = self._round = 0
        self._accuracy = self._recogniser.base
        return self._observation(), {}

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Zero a share of the present layer's filters, SHARES[action]."""
        recogniser, before = self._recogniser, self._recogniser.removed
        recogniser.zero(recogniser.groups[self._layer], SHARES[int(action)], self._target)
        reward = (recogniser.removed - before) / self._target
        self._layer += 1
        reached = recogniser.removed >= self._target
        if reached or self._layer == len(recogniser.groups):
            reward -= self._learn()
        over = not reached and self._round == self._budget.rounds
        if over:
            reward -= 1 - recogniser.removed / self._target
        if reached or over:
            self._ended()
        return self._observation(), float(reward), reached, over, {}

    def _learn(self) -> float:
        """Behind a pass: what accuracy went, weighted."""
        self._recogniser.learn(self._budget.steps)
        was, self._accuracy = self._accuracy, self._recogniser.accuracy()
        self._layer, self._round = 0, self._round + 1
        return LOSS * max(0.0, was - self._accuracy)

    def _ended(self) -> None:
        state = self._recogniser.state(self._accuracy)
        say(f"masks: accuracy {state.accuracy:.3f}, removed {state.removed:.3f}")
        if self.best is None or self._worth(state) > self._worth(self.best):
            self.best = state

    def _worth(self, state: State) -> tuple[float, float]:
        return min(state.removed, self._target), state.accuracy

    def _observation(self) -> Observation:
        recogniser = self._recogniser
        group = recogniser.groups[self._layer]
        mask = recogniser.masks[group.root].astype(np.float32)
        place = self._layer / len(recogniser.groups)
        seen = [self._accuracy, recogniser.removed, self._target, place, float(mask.mean())]
        padding = np.zeros(self._widest - len(mask), np.float32)
        return np.concatenate([np.array(seen, np.float32).clip(0, 1), mask, padding])
