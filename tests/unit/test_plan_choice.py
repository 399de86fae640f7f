"""The choice of a cut against cases worked out by hand, and against trying every option."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import ParameterError
from trunkline_benchmarks.plan import choice
from trunkline_benchmarks.plan.choice import Link, Option, Span
from trunkline_benchmarks.plan.speeds import Speed

RTT_MS = 10.0
CLOUD = Option("cloud", edge_ms=0.0, cloud_ms=10.0, payload_bytes=10_000)
CUT = Option("cut", edge_ms=20.0, cloud_ms=5.0, payload_bytes=2_500)
EDGE = Option("edge", edge_ms=50.0, cloud_ms=0.0, sends=False)
OPTIONS = (CLOUD, CUT, EDGE)


@pytest.mark.parametrize(
    ("mbit", "latencies", "best"),
    [
        # 80 000 bits at 1000 bits/ms: 10 + 10 + 80; 20 000 bits: 25 + 10 + 20; nothing: 50
        (1.0, (100.0, 55.0, 50.0), "edge"),
        (2.0, (60.0, 45.0, 50.0), "cut"),
        (8.0, (30.0, 37.5, 50.0), "cloud"),
    ],
)
def test_latencies_by_hand(mbit: float, latencies: tuple[float, ...], best: str) -> None:
    found = tuple(option.latency_ms(mbit, RTT_MS) for option in OPTIONS)
    assert found == pytest.approx(latencies)
    assert choice.best(OPTIONS, mbit, RTT_MS).name == best


def test_break_even_by_hand() -> None:
    # 20 + 80 / b = 35 + 20 / b at b = 4; 35 + 20 / b = 50 at b = 4 / 3; 20 + 80 / b = 50 at 8 / 3
    assert choice.break_even(CLOUD, CUT, RTT_MS) == pytest.approx(4)
    assert choice.break_even(CUT, CLOUD, RTT_MS) == pytest.approx(4)
    assert choice.break_even(CUT, EDGE, RTT_MS) == pytest.approx(4 / 3)
    assert choice.break_even(CLOUD, EDGE, RTT_MS) == pytest.approx(8 / 3)
    spans = choice.spans(OPTIONS, RTT_MS)
    assert [span.name for span in spans] == ["cloud", "cut", "edge"]
    assert [span.low for span in spans] == pytest.approx([4, 4 / 3, 0])
    assert [span.high for span in spans] == pytest.approx([math.inf, 4, 4 / 3])


def test_an_option_that_is_worse_in_everything_is_never_chosen() -> None:
    worse = Option("worse", edge_ms=30.0, cloud_ms=5.0, payload_bytes=9_000)
    assert choice.break_even(CUT, worse, RTT_MS) is None
    assert "worse" not in [span.name for span in choice.spans((*OPTIONS, worse), RTT_MS)]


def test_one_option_is_the_fastest_everywhere() -> None:
    assert choice.spans((EDGE,), RTT_MS) == [Span("edge", 0.0, math.inf)]
    assert choice.spans((CLOUD,), RTT_MS) == [Span("cloud", 0.0, math.inf)]


MS = st.floats(0, 1e4)
SPLITS = st.builds(Option, st.just("cut"), MS, MS, st.integers(1, 10**6))


@given(splits=st.lists(SPLITS, min_size=1, max_size=12), edge_ms=MS, mbit=st.floats(1e-3, 1e4))
def test_spans_name_the_fastest(splits: list[Option], edge_ms: float, mbit: float) -> None:
    named = [Option(str(i), s.edge_ms, s.cloud_ms, s.payload_bytes) for i, s in enumerate(splits)]
    options = [*named, Option("edge", edge_ms, 0.0, sends=False)]
    spans = choice.spans(options, RTT_MS)
    assert (spans[0].high, spans[-1].low) == (math.inf, 0.0)
    assert [span.low for span in spans[:-1]] == [span.high for span in spans[1:]]
    (name,) = {span.name for span in spans if span.low <= mbit < span.high}
    latency = {option.name: option.latency_ms(mbit, RTT_MS) for option in options}
    assert latency[name] == pytest.approx(min(latency.values()), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("mbit", [0.0, -1.0, math.inf, math.nan])
def test_a_bandwidth_is_above_0(mbit: float) -> None:
    with pytest.raises(ParameterError, match=r"mbit is .*: expected a number above 0"):
        Link((5.0, mbit), RTT_MS)


@pytest.mark.parametrize("rtt_ms", [-1.0, math.inf, math.nan])
def test_a_round_trip_takes_0_or_more(rtt_ms: float) -> None:
    with pytest.raises(ParameterError, match="expected 0 or more milliseconds"):
        Link((5.0,), rtt_ms)


def test_no_bandwidth_at_all_is_refused() -> None:
    with pytest.raises(ParameterError, match="no bandwidth"):
        Link((), RTT_MS)


def test_speeds_scale_what_was_measured() -> None:
    slow = Speed("edge", 10.0)
    assert slow.network_ms(300_000_000, measured_ms=3.0) == pytest.approx(30)
    assert slow.coding_ms(4.0) == pytest.approx(40)


def test_a_speed_in_gmacs_leaves_only_coding_to_the_clock() -> None:
    named = Speed("edge", 10.0, gmacs=2.0)
    assert named.network_ms(300_000_000, measured_ms=3.0) == pytest.approx(150)
    assert named.coding_ms(4.0) == pytest.approx(40)


@pytest.mark.parametrize(("times", "gmacs"), [(0.0, None), (-1.0, None), (1.0, 0.0), (1.0, -2.0)])
def test_a_speed_is_above_0(times: float, gmacs: float | None) -> None:
    with pytest.raises(ParameterError, match="expected a number above 0"):
        Speed("cloud", times, gmacs)
