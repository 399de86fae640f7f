"""How much is to go, and from where."""

from __future__ import annotations

from dataclasses import dataclass

UNIFORM, GLOBAL, MEASURED = "uniform", "global", "measured"
SPREADS = (UNIFORM, GLOBAL, MEASURED)
ALL, INNER = "all", "inner"
SCOPES = (ALL, INNER)
NONE, DOUBLE, SINGLE = "none", "double", "single"
VARIANTS = (NONE, DOUBLE, SINGLE)
"""Filter replacement before pruning, see `replacement`."""


@dataclass(frozen=True)
class Wanted:
    """What is to go: this share of multiply-accumulates, or else of parameters.

    `spread` says whether each group loses the same share (`uniform`), or the lowest scores of all
    go (`global`), or each loses as much as the network's answers bear (`measured`); `scope`,
    whether filters whose outputs are added to others' may go (`all`) or not (`inner`). Widths stay
    multiples of `multiple`, and at least the share `least` of a group.
    """

    macs: float = 0.0
    parameters: float = 0.0
    spread: str = UNIFORM
    scope: str = ALL
    multiple: int = 1
    least: float = 0.0
