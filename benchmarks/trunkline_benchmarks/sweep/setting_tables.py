"""Every setting's figures, and the curves at equal bytes and equal accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trunkline_benchmarks.sweep import compare
from trunkline_benchmarks.sweep.compare import Curve
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.settings import REFERENCE
from trunkline_benchmarks.sweep.summary import Point
from trunkline_benchmarks.sweep.table import Table, changed, number, signed
from trunkline_benchmarks.sweep.tasks import Metric

WAYS = {
    "features": "Features as frames",
    "picture": "The picture itself, 224x224, through the whole network in the cloud",
    "floats": "Features as floating point numbers",
    "answer": "Everything at the edge: only the answer is sent",
    "file": "Everything in the cloud: the picture's file is sent as it is",
}
LEVELS = (750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12000)
"""Bytes at which curves are compared."""
DEPTH = 25.0
"""How far below the uncompressed network curves still matter."""
LOSSES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Points below the uncompressed network."""


def setting_tables(swept: Swept) -> list[Table]:
    """One table a way."""
    found = []
    for way, title in WAYS.items():
        chosen = [point for point in swept.points if point.setting.way == way]
        if chosen:
            found.append(_table(swept, title, chosen))
    return found


def _table(swept: Swept, title: str, points: Sequence[Point]) -> Table:
    main, *others = swept.evaluation.metrics
    framed = any(point.wire_bytes is not None for point in points)
    header = ["setting", "payload bytes", *(["wire bytes"] if framed else []), "size %"]
    header += [
        f"{main.title} {main.unit}",
        *(["change [95 %]"] if swept.evaluation.has_tail else []),
    ]
    header += [f"{metric.title} {metric.unit}" for metric in others]
    header += ["relative error", "encode ms", "decode ms"]
    rows = []
    for point in points:
        cells = [point.setting.key, number(point.payload_bytes, 0)]
        cells += [number(point.wire_bytes, 0)] if framed else []
        cells += [number(point.percent), number(point.scores[main.name])]
        if swept.evaluation.has_tail:
            cells.append(changed(point.changes.get(main.name)))
        cells += [number(point.scores[metric.name]) for metric in others]
        cells += [number(point.relative_error, 4)]
        cells += [number(point.encode_ms), number(point.decode_ms)]
        rows.append(cells)
    return Table(title, header, rows)


def comparison_tables(swept: Swept) -> list[Table]:
    """What needs curves; empty where there are not two of them."""
    points, metric = swept.points, swept.evaluation.metrics[0]
    curves = compare.curves(points, metric.name)
    if len(curves) < 2:
        return []
    base = next(it.scores[metric.name] for it in points if it.setting.key == REFERENCE.key)
    name = f"{metric.title} {metric.unit}"
    tables = [_at_bytes(curves, name)]
    if swept.evaluation.has_tail:
        tables.append(_at_losses(curves, metric.title, base))
    for it in swept.evaluation.comparable:
        top = next(point.scores[it.name] for point in points if point.setting.key == REFERENCE.key)
        within = (top - DEPTH, top) if swept.evaluation.has_tail else (-math.inf, math.inf)
        tables.append(_delta_rates(compare.curves(points, it.name), it, within))
    return tables


def _at_bytes(curves: dict[str, Curve], name: str) -> Table:
    rows = [
        [curve, *(number(compare.at_bytes(places, size)) for size in LEVELS)]
        for curve, places in curves.items()
    ]
    return Table(
        f"{name} at equal bytes",
        ["curve", *(f"{size} B" for size in LEVELS)],
        rows,
        "Mean payload a picture; interpolated between settings over the logarithm of the bytes.",
    )


def _at_losses(curves: dict[str, Curve], title: str, base: float) -> Table:
    rows = [
        [curve, *(_bytes_for(places, base - loss) for loss in LOSSES)]
        for curve, places in curves.items()
    ]
    return Table(
        f"Bytes for at most so many points of {title} lost",
        ["curve", *(f"{loss:g}" for loss in LOSSES)],
        rows,
        "The fewest bytes with which the interpolated curve gets there. Half a point is less than "
        "the intervals of the changes below: read the first columns as such.",
    )


def _bytes_for(curve: Curve, score: float) -> str:
    found = compare.bytes_for(curve, score)
    return f"{'≤ ' if found == curve[0][0] else ''}{number(found, 0)}"


def _delta_rates(curves: dict[str, Curve], metric: Metric, within: tuple[float, float]) -> Table:
    anchors = list(curves)
    rates = [compare.delta_rates(curves, anchor, within) for anchor in anchors]
    rows = [
        [curve, *(signed(rate.percent if (rate := found[curve]) else None, 1) for found in rates)]
        for curve in curves
    ]
    some = f" of the {DEPTH:g} points below the uncompressed network"
    return Table(
        f"BD-rate, %: {metric.title}",
        ["bytes of … against", *anchors],
        rows,
        "Bjøntegaard delta rate: per cent more bytes (less, where negative) at equal "
        f'figures of "{metric.title}", averaged over what both curves have'
        f"{some if math.isfinite(within[0]) else ''}; points that cost more than a better one are "
        "left out. No figure: fewer than four points, or nothing in common.",
    )
