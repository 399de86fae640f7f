"""Results files read back, and the means that tables and plots show."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trunkline.errors import TrunklineError
from trunkline.files import read_bytes
from trunkline_benchmarks.codecs.passage import psnr
from trunkline_benchmarks.codecs.settings import TIME_BASELINE
from trunkline_benchmarks.shards import Row

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True)
class Times:
    """Milliseconds, (5th percentile, median, 95th), over `count` pictures.

    The ratios are medians over pictures of what the setting took to what the baseline took.
    """

    count: int
    encode_ms: tuple[float, float, float]
    decode_ms: tuple[float, float, float]
    encode_ratio: float
    decode_ratio: float


@dataclass(frozen=True)
class Rate:
    """Means over `count` pictures. `psnr` is that of the mean mse, None where all is kept."""

    count: int
    bytes: float
    mse: float
    psnr: float | None
    max_error: float
    agreement: float | None
    """Percent of pictures whose best class is that of the uncompressed tensor."""


@dataclass(frozen=True)
class Point:
    """One setting of one trunk's."""

    setting: dict[str, Any]
    rate: Rate
    times: Times | None = None

    @property
    def curve(self) -> str:
        """The curve that it lies on."""
        return str(self.setting["curve"])


@dataclass(frozen=True)
class Results:
    """All that is known: headers of the files, points by trunk and curve, containers' rows."""

    rate_header: Row
    times_header: Row | None
    curves: dict[str, dict[str, list[Point]]]
    containers: list[Row] = field(default_factory=list)


def read(rate: Path, times: Path) -> Results:
    """Both files' rows as means; the one of times may be missing. Raises TrunklineError."""
    header, rows = _rows(rate)
    times_header, time_rows = _rows(times) if times.exists() else (None, [])
    means = {key: _rate(found) for key, found in _grouped(row for row in rows if "trunk" in row)}
    durations = _times(time_rows)
    curves: dict[str, dict[str, list[Point]]] = {}
    for trunk in header["trunks"]:
        curves[trunk] = defaultdict(list)
        for setting in header["settings"]:
            key = (trunk, setting["name"])
            point = Point(setting, means[key], durations.get(key))
            curves[trunk][point.curve].append(point)
    return Results(header, times_header, curves, [row for row in rows if "container" in row])


def _rows(path: Path) -> tuple[Row, list[Row]]:
    try:
        lines = gzip.decompress(read_bytes(path)).splitlines()
        header, *rows = [json.loads(line) for line in lines]
    except (OSError, EOFError, ValueError) as error:
        raise TrunklineError(f"{path} is no results file: {error}; make it anew") from error
    return header, rows


def _grouped(rows: Iterable[Row]) -> Iterable[tuple[tuple[str, str], list[Row]]]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["trunk"], row["setting"]].append(row)
    return groups.items()


def _rate(rows: Sequence[Row]) -> Rate:
    mse = float(np.mean([row["mse"] for row in rows]))
    same = [row["same_top1"] for row in rows if "same_top1" in row]
    return Rate(
        count=len(rows),
        bytes=float(np.mean([row["bytes"] for row in rows])),
        mse=mse,
        psnr=psnr(mse),
        max_error=max(row["max"] for row in rows),
        agreement=100 * float(np.mean(same)) if same else None,
    )


def _times(rows: Sequence[Row]) -> dict[tuple[str, str], Times]:
    baseline = {
        (row["trunk"], row["picture"]): row for row in rows if row["setting"] == TIME_BASELINE
    }
    return {key: _of_setting(found, baseline) for key, found in _grouped(rows)}


def _of_setting(rows: Sequence[Row], baseline: dict[tuple[str, int], Row]) -> Times:
    def spread(name: str) -> tuple[float, float, float]:
        low, median, high = np.percentile([row[name] for row in rows], PERCENTILES)
        return float(low), float(median), float(high)

    def ratio(name: str) -> float:
        pairs = [row[name] / baseline[row["trunk"], row["picture"]][name] for row in rows]
        return float(np.median(pairs))

    return Times(
        len(rows),
        spread("encode_ms"),
        spread("decode_ms"),
        ratio("encode_ms"),
        ratio("decode_ms"),
    )
