"""Where to cut for the least latency, as Neurosurgeon chooses.

Kang et al., "Neurosurgeon: Collaborative Intelligence Between the Cloud and Mobile Edge" (ASPLOS
2017): every cut's latency is the front's time on the edge, the transfer and the rest's time in the
cloud; all on the edge and all in the cloud are the two ends. Their other aim, the mobile's energy,
is left out: nothing here measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trunkline.errors import ParameterError

BITS_PER_MS = 1000
"""What 1 Mbit/s carries in a millisecond."""


@dataclass(frozen=True)
class Link:
    """The network between edge and cloud: round-trip delay in milliseconds, upload bandwidths."""

    mbit: tuple[float, ...]
    rtt_ms: float

    def __post_init__(self) -> None:
        if not self.mbit:
            raise ParameterError("no bandwidth: expected at least one, in Mbit/s")
        for rate in self.mbit:
            positive("mbit", rate)
        if not 0 <= self.rtt_ms < math.inf:
            raise ParameterError(f"rtt-ms is {self.rtt_ms:g}: expected 0 or more milliseconds")


@dataclass(frozen=True)
class Option:
    """One way to split a network; milliseconds of computing and coding, bytes that are sent.

    `sends` is whether anything goes to the cloud at all; the answer's few bytes are left out.
    """

    name: str
    edge_ms: float
    cloud_ms: float
    payload_bytes: float = 0.0
    sends: bool = True

    def latency_ms(self, mbit: float, rtt_ms: float) -> float:
        """From the picture on the edge to the answer there, over a link of `mbit` Mbit/s."""
        return self.fixed_ms(rtt_ms) + self.megabit_ms / mbit

    def fixed_ms(self, rtt_ms: float) -> float:
        """The part of the latency that no bandwidth changes."""
        return self.edge_ms + self.cloud_ms + (rtt_ms if self.sends else 0.0)

    @property
    def megabit_ms(self) -> float:
        """Milliseconds of the transfer at 1 Mbit/s."""
        return self.payload_bytes * 8 / BITS_PER_MS if self.sends else 0.0


@dataclass(frozen=True)
class Span:
    """The bandwidths in Mbit/s, `low` to `high`, where one option is the fastest."""

    name: str
    low: float
    high: float


def positive(name: str, value: float) -> float:
    """`value`; ParameterError unless it is finite and more than 0."""
    if not 0 < value < math.inf:
        raise ParameterError(f"{name} is {value:g}: expected a number above 0")
    return value


def best(options: Sequence[Option], mbit: float, rtt_ms: float) -> Option:
    """The option of least latency; of equal ones the first."""
    return min(options, key=lambda option: option.latency_ms(mbit, rtt_ms))


def break_even(one: Option, other: Option, rtt_ms: float) -> float | None:
    """The bandwidth in Mbit/s at which two options take as long; None where there is none.

    Below it the one that sends less is the faster.
    """
    faster = other.fixed_ms(rtt_ms) - one.fixed_ms(rtt_ms)
    longer = one.megabit_ms - other.megabit_ms
    return longer / faster if faster * longer > 0 else None


def spans(options: Sequence[Option], rtt_ms: float) -> list[Span]:
    """Which option is the fastest at which bandwidth, from the widest band down to none.

    Over 1 / bandwidth every latency is a straight line: this is their lower envelope.
    """
    now = min(options, key=lambda option: (option.fixed_ms(rtt_ms), option.megabit_ms))
    found: list[Span] = []
    high = math.inf
    while True:
        lighter = [option for option in options if option.megabit_ms < now.megabit_ms]
        meets = [(break_even(now, option, rtt_ms) or high, option) for option in lighter]
        if not meets:
            return [*found, Span(now.name, 0.0, high)]
        # of several that take over at once, the one that sends least lasts
        meet, then = max(meets, key=lambda pair: (pair[0], -pair[1].megabit_ms))
        low = min(meet, high)  # rounding may put three lines through one point out of order
        if low < high:
            found.append(Span(now.name, low, high))
        now, high = then, low
