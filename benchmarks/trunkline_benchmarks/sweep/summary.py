"""What each setting comes to over all pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.settings import BASELINE, REFERENCE, Setting
from trunkline_benchmarks.sweep.tasks import Change


@dataclass(frozen=True)
class Point:
    """One setting: mean bytes a picture, median milliseconds, the task's scores.

    `percent` is the mean payload in percent of the baseline's, `changes` are against the
    uncompressed network, in points.
    """

    setting: Setting
    pictures: int
    payload_bytes: float
    wire_bytes: float | None
    percent: float
    relative_error: float
    scores: Mapping[str, float]
    changes: Mapping[str, Change]
    encode_ms: float
    decode_ms: float

    def document(self) -> dict[str, Any]:
        """JSON."""
        changes = {name: vars(change) for name, change in self.changes.items()}
        own = {name: value for name, value in vars(self).items() if name != "setting"}
        return {"key": self.setting.key} | self.setting.document() | own | {"changes": changes}


def points(swept: Swept) -> list[Point]:
    """One point a setting, in the settings' order."""
    baseline = fmean(row["payload_bytes"] for row in swept.rows[BASELINE.key])
    return [_point(swept, setting, baseline) for setting in swept.config.settings]


def _point(swept: Swept, setting: Setting, baseline: float) -> Point:
    rows, reference = swept.rows[setting.key], swept.rows[REFERENCE.key]
    payload = fmean(row["payload_bytes"] for row in rows)
    return Point(
        setting=setting,
        pictures=len(rows),
        payload_bytes=payload,
        wire_bytes=_mean_of_all(rows, "wire_bytes"),
        percent=100 * payload / baseline,
        relative_error=fmean(row["relative_error"] for row in rows),
        scores=swept.evaluation.score(rows),
        changes=swept.evaluation.changes(rows, reference, swept.config.seed),
        encode_ms=median(row["encode_ms"] for row in rows),
        decode_ms=median(row["decode_ms"] for row in rows),
    )


def _mean_of_all(rows: Sequence[Row], name: str) -> float | None:
    """None where the field means nothing for the setting."""
    values = [row[name] for row in rows]
    return None if None in values else fmean(values)
