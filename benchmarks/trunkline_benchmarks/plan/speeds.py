"""How much slower or faster than this machine an edge and a cloud are."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline_benchmarks.plan.choice import positive

MACS_PER_GMAC_S_MS = 1e6
"""Multiply-accumulates in a millisecond at 1 GMAC/s."""


@dataclass(frozen=True)
class Speed:
    """One side: `times` the milliseconds measured here, or networks at `gmacs` GMAC/s.

    Coding has no multiply-accumulates to count and always scales by `times`.
    Raises ParameterError for what is no positive number.
    """

    name: str
    times: float = 1.0
    gmacs: float | None = None

    def __post_init__(self) -> None:
        positive(f"{self.name} speed", self.times)
        if self.gmacs is not None:
            positive(f"{self.name}-gmacs", self.gmacs)

    def network_ms(self, macs: int, measured_ms: float) -> float:
        """Milliseconds of a part of a network."""
        if self.gmacs is None:
            return measured_ms * self.times
        return macs / (self.gmacs * MACS_PER_GMAC_S_MS)

    def coding_ms(self, measured_ms: float) -> float:
        """Milliseconds of encoding or decoding."""
        return measured_ms * self.times

    @property
    def described(self) -> str:
        """In words, for a table's heading."""
        factor = self.times if self.times >= 1 else 1 / self.times
        than = "slower" if self.times >= 1 else "faster"
        here = (
            "as fast as this machine" if factor == 1 else f"{factor:g} x {than} than this machine"
        )
        return here if self.gmacs is None else f"networks at {self.gmacs:g} GMAC/s, coding {here}"
