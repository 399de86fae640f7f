"""Counts and times of a run, added up over runs, as JSON and as a table."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.judge import ALLOWED, ERROR, FORBIDDEN, PICTURE
from tests.fuzz.worker import Measured

STEP = 1.02
"""Times are counted in steps of two per cent, so that counts of several runs add up."""
COLUMNS = (
    *("codec", "mutants", "picture", "error", "forbidden", "past our checks"),
    *("p50 ms", "p99 ms", "max ms", "peak MB", "process MB"),
)


@dataclass
class Row:
    """One codec's figures."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reached: int = 0
    times: Counter[int] = field(default_factory=Counter)
    longest_ms: float = 0.0
    peak: int = 0
    resident: int = 0

    @property
    def mutants(self) -> int:
        """How many there were."""
        return self.outcomes.total()

    @property
    def forbidden(self) -> int:
        """How many ended as none may."""
        return sum(self.outcomes[outcome] for outcome in FORBIDDEN)

    def add(self, measured: Measured) -> None:
        """Count one mutant."""
        self.outcomes[measured.verdict.outcome] += 1
        self.reached += measured.reached
        self.resident = max(self.resident, measured.resident)
        self.peak = max(self.peak, measured.peak)
        if measured.verdict.outcome in ALLOWED:
            self.times[round(math.log(max(measured.cpu_ms, 1e-3), STEP))] += 1
            self.longest_ms = max(self.longest_ms, measured.cpu_ms)

    def merge(self, other: Row) -> None:
        """Add another run's figures."""
        self.outcomes += other.outcomes
        self.times += other.times
        self.reached += other.reached
        self.resident = max(self.resident, other.resident)
        self.longest_ms = max(self.longest_ms, other.longest_ms)
        self.peak = max(self.peak, other.peak)

    def quantile(self, share: float) -> float:
        """The time in milliseconds that this share of the mutants did not exceed."""
        left = share * self.times.total()
        for step, count in sorted(self.times.items()):
            left -= count
            if left <= 0:
                return min(float(STEP**step), self.longest_ms)
        return 0.0

    def cells(self) -> list[str]:
        """The row of the table, behind the codec's name."""
        total = max(self.mutants, 1)
        counts = [self.mutants, self.outcomes[PICTURE], self.outcomes[ERROR], self.forbidden]
        times = [self.quantile(0.5), self.quantile(0.99), self.longest_ms]
        sizes = [f"{size / 2**20:.0f}" for size in (self.peak, self.resident)]
        figures = [f"{time:.2f}" for time in times] + sizes
        return [*map(str, counts), f"{self.reached / total:.0%}", *figures]

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON's types."""
        return {
            "outcomes": dict(self.outcomes),
            "reached": self.reached,
            "times": {str(step): count for step, count in sorted(self.times.items())},
            "longest_ms": self.longest_ms,
            "peak": self.peak,
            "resident": self.resident,
        }


def row_from_json(values: dict[str, Any]) -> Row:
    """Undo `as_json`."""
    times = Counter({int(step): count for step, count in values["times"].items()})
    rest = {name: values[name] for name in ("reached", "longest_ms", "peak", "resident")}
    return Row(Counter(values["outcomes"]), times=times, **rest)


class Tally:
    """The figures of all codecs."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def add(self, codec: str, measured: Measured) -> None:
        """Count one mutant of a codec."""
        self.rows.setdefault(codec, Row()).add(measured)

    def merge(self, other: Tally) -> None:
        """Add another run's figures."""
        for codec, row in other.rows.items():
            self.rows.setdefault(codec, Row()).merge(row)

    @property
    def total(self) -> Row:
        """All codecs together."""
        total = Row()
        for row in self.rows.values():
            total.merge(row)
        return total

    def table(self) -> str:
        """Markdown. Times are the process's own, without the mutant's making."""
        lines = [COLUMNS, ["---", *["---:"] * (len(COLUMNS) - 1)]]
        lines += [[codec, *self.rows[codec].cells()] for codec in sorted(self.rows)]
        lines += [["**all**", *self.total.cells()]]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def as_json(self) -> dict[str, Any]:
        """The rows as JSON's types."""
        return {codec: row.as_json() for codec, row in sorted(self.rows.items())}


def read(path: Path) -> Tally:
    """The tally of a run's JSON file."""
    tally = Tally()
    rows = json.loads(path.read_text())["codecs"]
    tally.rows = {codec: row_from_json(row) for codec, row in rows.items()}
    return tally
