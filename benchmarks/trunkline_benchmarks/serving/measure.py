"""One system under one load: milliseconds, CPU seconds, memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from trunkline.errors import TrunklineError
from trunkline_benchmarks.serving.builder import Running
from trunkline_benchmarks.serving.drive import Drive, Load, drive

WARM_UP = 8
PERCENTILES = (50, 95, 99)


def warm_up(running: Running, pictures: Sequence[bytes]) -> None:
    """Some pictures whose times do not count. Raises TrunklineError where none is answered."""
    done = drive(running.door, pictures, Load(2, WARM_UP))
    if not done.answered:
        statuses = dict(done.statuses)
        logs = ", ".join(str(process.log) for process in running.edge + running.cloud)
        raise TrunklineError(f"no picture is answered ({statuses}): see {logs}")


def under_load(running: Running, pictures: Sequence[bytes], load: Load) -> dict[str, Any]:
    """Every sample of a run; CPU seconds are a picture's share, the camera's with the edge's."""
    edge = sum(process.cpu_s for process in running.edge)
    cloud = sum(process.cpu_s for process in running.cloud)
    run = drive(running.door, pictures, load)
    edge = sum(process.cpu_s for process in running.edge) - edge
    cloud = sum(process.cpu_s for process in running.cloud) - cloud
    answered = max(1, len(run.answered))
    return {
        "clients": load.clients,
        "patient": load.patient,
        "seconds": run.seconds,
        "statuses": {str(status): count for status, count in run.statuses.items()},
        "per_s": len(run.answered) / run.seconds,
        "edge_cpu_ms": 1e3 * (edge + sum(call.client_s for call in run.calls)) / answered,
        "cloud_cpu_ms": 1e3 * cloud / answered,
        "sent_bytes": _median([call.sent_bytes for call in run.answered]),
        "ms": summary([call.ms for call in run.answered]),
        "samples_ms": [round(call.ms, 3) for call in run.answered],
        "stages_ms": stages(run),
    }


def stages(run: Drive) -> dict[str, float]:
    """Medians of every stage that answers tell of; those of a task carry its name."""
    found: dict[str, list[float]] = {}
    for call in run.answered:
        answer = json.loads(call.body)
        for name, ms in answer.get("timings_ms", {}).items():
            found.setdefault(name, []).append(ms)
        for task, result in answer.get("tasks", {}).items():
            for name, ms in result.get("timings_ms", {}).items():
                found.setdefault(f"{task}/{name}", []).append(ms)
    return {name: round(_median(values), 3) for name, values in found.items()}


def memory(running: Running) -> dict[str, int]:
    """Bytes of every process, what it shares with others by its share."""
    return {process.name: process.memory_bytes for process in running.edge + running.cloud}


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile."""
    if not samples:
        return {}
    values = np.percentile(np.asarray(samples), PERCENTILES)
    named = zip(PERCENTILES, values, strict=True)
    return {f"p{percent}": round(float(value), 3) for percent, value in named}


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")
