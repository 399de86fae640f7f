"""The table: each method's change of accuracy at each share, with its spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline import markdown
from trunkline_benchmarks.pruning.methods import PLAIN, published
from trunkline_training import bootstrap

HEAD = [
    "method",
    "parameters removed",
    "MACs removed",
    "change of Top-1, points",
    "95 % of resampled pictures",
    "spread over seeds",
    "against hrank",
    "published",
]
Sample = Mapping[str, Any]


def summary(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """A row for each method and share: means over seeds, intervals over test pictures.

    Changes are paired: the same pictures before and after, the same seeds for both methods.
    """
    keys = dict.fromkeys((item["wanted"], item["method"]) for item in samples)
    return [_row(samples, removed, method) for removed, method in keys]


def _row(samples: Sequence[Sample], removed: float, method: str) -> dict[str, Any]:
    own = _of(samples, removed, method)
    changes = [item["change"] for item in own]
    gaps = np.mean([_bits(it["right"]) - _bits(it["base"]) for it in own], axis=0)
    row = {
        "method": method,
        "wanted": removed,
        "seeds": [item["seed"] for item in own],
        "parameters_removed": round(mean(item["parameters_removed"] for item in own), 4),
        "macs_removed": round(mean(item["macs_removed"] for item in own), 4),
        "change": round(mean(changes), 3),
        "change_interval": _interval(gaps),
        "seed_spread": round(stdev(changes), 3) if len(changes) > 1 else None,
        "published": published(method, removed),
    }
    plain = {item["seed"]: item for item in _of(samples, removed, PLAIN)}
    pairs = [(item, plain[item["seed"]]) for item in own if item["seed"] in plain]
    if method != PLAIN and pairs:
        gaps = np.mean([_bits(a["right"]) - _bits(b["right"]) for a, b in pairs], axis=0)
        row |= {"against": round(float(100 * gaps.mean()), 3), "against_interval": _interval(gaps)}
    return row


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows in Markdown."""
    return list(markdown.lines(HEAD, [_cells(row) for row in rows]))


def _cells(row: Mapping[str, Any]) -> list[str]:
    low, high = row["change_interval"]
    against = "-"
    if "against" in row:
        least, most = row["against_interval"]
        against = f"{row['against']:+.2f} ({least:+.2f} to {most:+.2f})"
    spread = row["seed_spread"]
    return [
        row["method"],
        f"{row['parameters_removed']:.1%}",
        f"{row['macs_removed']:.1%}",
        f"{row['change']:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        "-" if spread is None else f"{spread:.2f}",
        against,
        row["published"],
    ]


def _of(samples: Sequence[Sample], removed: float, method: str) -> list[Sample]:
    return [item for item in samples if (item["wanted"], item["method"]) == (removed, method)]


def _bits(spelled: str) -> NDArray[np.float64]:
    return np.array([float(letter) for letter in spelled])


def _interval(gaps: NDArray[np.float64]) -> list[float]:
    return [round(value, 3) for value in bootstrap.mean_interval(100 * gaps, 1)]
