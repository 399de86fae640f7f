"""The tables of a load run, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trunkline import markdown

Run = Mapping[str, Any]
MIB = 1 << 20
HEAD = (
    "system",
    "clients",
    "a second",
    "p50 ms",
    "p99 ms",
    "edge CPU ms",
    "cloud CPU ms",
    "answers",
)


def lines(result: Mapping[str, Any]) -> list[str]:
    """Every table that the run has samples for."""
    tables = [
        _runs(result["throughput"]),
        _runs(result["crowd"]),
        _tasks(result["tasks"]),
        _starts(result["starts"]),
    ]
    return [line for table in tables if table for line in (*table, "")]


def _runs(systems: Mapping[str, Sequence[Run]]) -> list[str]:
    rows = [
        [
            name,
            f"{run['clients']}{', waiting as told' if run.get('patient') else ''}",
            f"{run['per_s']:.1f}",
            f"{run['ms'].get('p50', float('nan')):.1f}",
            f"{run['ms'].get('p99', float('nan')):.1f}",
            f"{run['edge_cpu_ms']:.1f}",
            f"{run['cloud_cpu_ms']:.1f}",
            ", ".join(f"{status}: {count}" for status, count in run["statuses"].items()),
        ]
        for name, runs in systems.items()
        for run in runs
    ]
    return markdown.table(HEAD, rows)


def _tasks(runs: Sequence[Run]) -> list[str]:
    rows = [
        [str(run["tasks"]), f"{run['edge_cpu_ms']:.2f}", f"{run['ms']['p50']:.1f}"] for run in runs
    ]
    return markdown.table(("tasks that answer at once", "edge CPU ms a picture", "p50 ms"), rows)


def _starts(starts: Sequence[Run]) -> list[str]:
    names = list(starts[0]["ready_s"]) if starts else []
    rows = [
        [
            name,
            f"{np.median([start['ready_s'][name] for start in starts]):.2f}",
            f"{np.median([start['memory_bytes'][name] for start in starts]) / MIB:.0f}",
        ]
        for name in names
    ]
    return markdown.table(("service", "ready s", "MiB"), rows)
