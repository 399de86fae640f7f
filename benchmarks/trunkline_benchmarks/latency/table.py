"""The tables of a latency run, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trunkline import markdown

Run = Mapping[str, Any]
MIB = 1 << 20


def lines(result: Mapping[str, Any]) -> list[str]:
    """Every table that the run has samples for."""
    systems: Mapping[str, Run] = result["systems"]
    tables = [_bare(result["bare"]), _loopback(systems), _stages(systems)]
    tables += [_uplinks(systems), _cores(systems), _accuracy(systems)]
    return [line for table in tables if table for line in (*table, "")]


def _bare(samples: Mapping[str, Sequence[float]]) -> list[str]:
    rows = [
        [name, f"{np.median(ms):.2f}", f"{np.percentile(ms, 95):.2f}"]
        for name, ms in samples.items()
    ]
    return markdown.table(("bare part", "median ms", "p95"), rows)


def _loopback(systems: Mapping[str, Run]) -> list[str]:
    head = (
        "system",
        "clients",
        "p50 ms",
        "p95",
        "p99",
        "a second",
        "edge CPU ms",
        "cloud CPU ms",
        "bytes in",
        "MiB",
    )
    rows = [
        [
            name,
            str(run["clients"]),
            *_percentiles(run),
            f"{run['per_s']:.1f}",
            f"{run['edge_cpu_ms']:.1f}",
            f"{run['cloud_cpu_ms']:.1f}",
            f"{run['sent_bytes']:.0f}",
            f"{sum(found['memory_bytes'].values()) / MIB:.0f}",
        ]
        for name, found in systems.items()
        for run in found["loopback"]
    ]
    return markdown.table(head, rows)


def _stages(systems: Mapping[str, Run]) -> list[str]:
    """Medians at one client, of the systems that tell."""
    rows = [
        [f"{name}: {stage}", f"{ms:.2f}"]
        for name, found in systems.items()
        for run in found["loopback"][:1]
        for stage, ms in run["stages_ms"].items()
    ]
    return markdown.table(("stage at one client", "median ms"), rows)


def _uplinks(systems: Mapping[str, Run]) -> list[str]:
    return _across(
        systems, "uplinks", lambda run: f"{run['mbit']:g} Mbit/s, {run['delay_ms']:g} ms"
    )


def _cores(systems: Mapping[str, Run]) -> list[str]:
    return _across(systems, "cores", lambda run: f"{run['cores']:g} cores at the edge")


def _across(systems: Mapping[str, Run], kind: str, title: Any) -> list[str]:  # noqa: ANN401
    """Medians of every system, a column for each situation."""
    head = ["p50 ms", *dict.fromkeys(title(run) for it in systems.values() for run in it[kind])]
    rows = []
    for name, found in systems.items():
        cells = {title(run): f"{run['ms'].get('p50', float('nan')):.1f}" for run in found[kind]}
        if cells:
            rows.append([name, *(cells.get(column, "") for column in head[1:])])
    return markdown.table(head, rows)


def _accuracy(systems: Mapping[str, Run]) -> list[str]:
    return markdown.table(("system", "Top-1", "95 %", "mAP", "95 %"), list(_accuracies(systems)))


def _accuracies(systems: Mapping[str, Run]) -> Iterator[list[str]]:
    for name, found in systems.items():
        if not (seen := found.get("accuracy")):
            continue
        row = [name]
        for task, figure in (("classifier", "top1"), ("ssd", "map")):
            value = seen.get(task)
            row += (
                ["", ""] if value is None else [f"{value[figure]:.2f}", _range(value["interval"])]
            )
        yield row


def _range(interval: Sequence[float]) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"


def _percentiles(run: Run) -> list[str]:
    return [f"{run['ms'].get(name, float('nan')):.1f}" for name in ("p50", "p95", "p99")]
