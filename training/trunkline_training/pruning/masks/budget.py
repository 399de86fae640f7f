"""How long masks are learnt."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.errors import UnknownNameError


@dataclass(frozen=True)
class Budget:
    """Episodes of up to `rounds` passes over the layers, each followed by `steps` of training.

    `checked` pictures give the accuracy that the agent sees.
    """

    episodes: int
    rounds: int
    steps: int
    checked: int


BUDGETS = {
    "quick": Budget(episodes=2, rounds=2, steps=1, checked=32),
    "small": Budget(episodes=12, rounds=6, steps=10, checked=500),
    "full": Budget(episodes=100, rounds=8, steps=40, checked=1000),
}


def get(name: str) -> Budget:
    """The budget called `name`; UnknownNameError (with the known ones) for any other."""
    if name not in BUDGETS:
        raise UnknownNameError("budget", name, list(BUDGETS))
    return BUDGETS[name]
