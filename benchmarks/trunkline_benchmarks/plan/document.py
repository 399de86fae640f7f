"""The same as JSON: every count, every raw sample."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from trunkline_benchmarks.plan import choice, sharing
from trunkline_benchmarks.plan.choice import Link, Option
from trunkline_benchmarks.plan.planning import NetworkPlan, Settings
from trunkline_benchmarks.plan.sharing import Tails


def network(plan: NetworkPlan, tasks: int, link: Link) -> dict[str, Any]:
    """One network: its cuts, what sharing saves and, where measured, samples and the choice."""
    found: dict[str, Any] = {
        "trunk": plan.trunk,
        "set": plan.set,
        "cut": plan.cut,
        "cuts": [
            asdict(count) | {"elements": count.cut.elements, "smaller": count.cut.smaller}
            for count in plan.counts
        ],
        "saved_percent": {
            "published": sharing.PUBLISHED[plan.trunk],
            "tails": [_saved(tails, tasks) for tails in (*plan.published, *plan.stored)],
            "not_counted": list(plan.uncounted),
        },
    }
    if plan.measured is not None:
        found["measured"] = asdict(plan.measured)
        found["choice"] = _choice(plan, link)
    return found


def settings(given: Settings) -> dict[str, Any]:
    """How it was measured; pictures by their number only."""
    codec = given.codec
    return {
        "codec": {"id": codec.id, "params": dict(codec.params), "arrangement": codec.arrangement},
        "pictures": len(given.pictures),
        "engine": given.engine,
        "threads": given.threads,
        "rounds": given.rounds,
        "edge": asdict(given.edge),
        "cloud": asdict(given.cloud),
    }


def _saved(tails: Tails, tasks: int) -> dict[str, Any]:
    numbers = sharing.task_numbers(tasks)
    return asdict(tails) | {"saved": {str(number): tails.saved(number) for number in numbers}}


def _choice(plan: NetworkPlan, link: Link) -> dict[str, Any]:
    return {
        **asdict(link),
        "options": [_option(option, link) for option in plan.options],
        "best": {
            f"{rate:g}": choice.best(plan.options, rate, link.rtt_ms).name for rate in link.mbit
        },
        "spans": [
            # JSON has no infinity
            {"name": span.name, "low": span.low, "high": _finite(span.high)}
            for span in choice.spans(plan.options, link.rtt_ms)
        ],
    }


def _option(option: Option, link: Link) -> dict[str, Any]:
    latency = {f"{rate:g}": option.latency_ms(rate, link.rtt_ms) for rate in link.mbit}
    return asdict(option) | {"latency_ms": latency}


def _finite(value: float) -> float | None:
    return None if value == math.inf else value
