"""The recommendation, as a table: latency of each way to split, at each bandwidth."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trunkline_benchmarks.plan import choice
from trunkline_benchmarks.plan.choice import Link, Option, Span
from trunkline_benchmarks.plan.options import CLOUD_ONLY, EDGE_ONLY
from trunkline_benchmarks.plan.planning import NetworkPlan, Settings
from trunkline_benchmarks.plan.tables import Table

COLUMNS = 6
"""Bandwidths that fit on a terminal's line."""


def tables(plan: NetworkPlan, settings: Settings, link: Link) -> Iterator[Table]:
    """One table, or several where the bandwidths need more columns than a line has."""
    remarks = _remarks(plan, settings, link)
    for start in range(0, len(link.mbit), COLUMNS):
        part = Link(link.mbit[start : start + COLUMNS], link.rtt_ms)
        yield Table(
            f"{plan.trunk}: milliseconds from picture to answer, at Mbit/s of upload",
            ("split", "edge ms", "cloud ms", "bytes", *(f"{rate:g}" for rate in part.mbit)),
            [_row(option, plan, part) for option in plan.options],
            remarks if start + COLUMNS >= len(link.mbit) else (),
        )


def _row(option: Option, plan: NetworkPlan, link: Link) -> list[str]:
    cells = [_ms(option.edge_ms), _ms(option.cloud_ms), f"{option.payload_bytes:.0f}"]
    for rate in link.mbit:
        mark = "*" if choice.best(plan.options, rate, link.rtt_ms) is option else " "
        cells.append(f"{_ms(option.latency_ms(rate, link.rtt_ms))}{mark}")
    return [option.name, *cells]


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _remarks(plan: NetworkPlan, settings: Settings, link: Link) -> list[str]:
    found = choice.spans(plan.options, link.rtt_ms)
    remarks = [
        f"Marked *: the fastest. Edge: {settings.edge.described}; cloud: "
        f"{settings.cloud.described}; round trip {link.rtt_ms:g} ms. One task, the classifier; "
        "decoding and squashing the camera's picture, the answer's bytes, protocols and energy "
        "are left out.",
        f"Fastest: {'; '.join(_span(span) for span in found)}.",
    ]
    by_name = {option.name: option for option in plan.options}
    own = by_name.get(plan.cut)
    if own is not None:
        ends = (by_name[CLOUD_ONLY], by_name[EDGE_ONLY])
        words = " and ".join(compared(own, end, link.rtt_ms) for end in ends)
        remarks.append(f"The trunk's cut, {plan.cut}, is faster than {words}.")
    return remarks


def compared(one: Option, other: Option, rtt_ms: float) -> str:
    """At which bandwidths `one` is faster than `other`, behind the words "is faster than"."""
    even = choice.break_even(one, other, rtt_ms)
    if even is None:
        faster = one.latency_ms(1.0, rtt_ms) < other.latency_ms(1.0, rtt_ms)
        return f"{other.name} at {'every bandwidth' if faster else 'none'}"
    side = "below" if one.megabit_ms < other.megabit_ms else "above"
    return f"{other.name} {side} {even:.3g} Mbit/s"


def _span(span: Span) -> str:
    if span.low == 0:
        return f"{span.name} " + ("at every bandwidth" if span.high == math.inf else "below that")
    return f"{span.name} above {span.low:.3g} Mbit/s"
