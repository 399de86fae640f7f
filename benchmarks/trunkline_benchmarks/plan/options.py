"""The ways to split a network, from what was counted and measured of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from trunkline_benchmarks.plan.choice import Option
from trunkline_benchmarks.plan.counts import CutCount
from trunkline_benchmarks.plan.measure import Coding, Measured
from trunkline_benchmarks.plan.speeds import Speed

EDGE_ONLY, CLOUD_ONLY = "all on the edge", "all in the cloud"


def options(
    counted: Sequence[CutCount], measured: Measured, edge: Speed, cloud: Speed
) -> tuple[Option, ...]:
    """All in the cloud, every cut whose bytes were measured, all on the edge."""
    macs = counted[0].macs_before + counted[0].macs_after
    whole_ms = statistics.median(measured.whole_ms)
    jpeg = _medians(measured.jpeg)
    found = [
        Option(
            CLOUD_ONLY,
            edge.coding_ms(jpeg[0]),
            cloud.coding_ms(jpeg[1]) + cloud.network_ms(macs, whole_ms),
            measured.jpeg.mean_bytes,
        )
    ]
    for count in counted:
        coding = measured.codings.get(count.cut.name)
        if coding is None:
            continue
        encode_ms, decode_ms = _medians(coding)
        timing = measured.timings[count.cut.name]
        before_ms, after_ms = map(statistics.median, (timing.before_ms, timing.after_ms))
        found.append(
            Option(
                count.cut.name,
                edge.network_ms(count.macs_before, before_ms) + edge.coding_ms(encode_ms),
                cloud.coding_ms(decode_ms) + cloud.network_ms(count.macs_after, after_ms),
                coding.mean_bytes,
            )
        )
    all_edge = Option(EDGE_ONLY, edge.network_ms(macs, whole_ms), 0.0, sends=False)
    return (*found, all_edge)


def _medians(coding: Coding) -> tuple[float, float]:
    return statistics.median(coding.encode_ms), statistics.median(coding.decode_ms)
