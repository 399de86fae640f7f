"""What each setting comes to over all pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from trunkline_benchmarks.shards import Row
from trunkline_benchmarks.sweep.settings import BASELINE, REFERENCE, Setting
from trunkline_benchmarks.sweep.tasks import Change, Changes, Evaluation

Rows = Callable[[Setting], Sequence[Row]]
"""One setting's rows, in the data set's order."""


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


def points(
    rows: Rows, settings: Sequence[Setting], evaluation: Evaluation, seed: int
) -> Iterator[Point]:
    """One point a setting; no more rows are held than two settings'."""
    baseline = fmean(row["payload_bytes"] for row in rows(BASELINE))
    against = evaluation.against(rows(REFERENCE), seed)
    for setting in settings:
        yield _point(setting, rows(setting), evaluation, against, baseline)


def _point(
    setting: Setting,
    rows: Sequence[Row],
    evaluation: Evaluation,
    against: Changes,
    baseline: float,
) -> Point:
    payload = fmean(row["payload_bytes"] for row in rows)
    return Point(
        setting=setting,
        pictures=len(rows),
        payload_bytes=payload,
        wire_bytes=_mean_of_all(rows, "wire_bytes"),
        percent=100 * payload / baseline,
        relative_error=fmean(row["relative_error"] for row in rows),
        scores=evaluation.score(rows),
        changes=against(rows),
        encode_ms=median(row["encode_ms"] for row in rows),
        decode_ms=median(row["decode_ms"] for row in rows),
    )


def _mean_of_all(rows: Sequence[Row], name: str) -> float | None:
    """None where the field means nothing for the setting."""
    values = [row[name] for row in rows]
    return None if None in values else fmean(values)
