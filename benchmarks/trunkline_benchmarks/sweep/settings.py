"""One setting of a sweep: what is sent in place of a picture, and how it is coded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from trunkline.types import ParameterValue

FLOAT32 = "float32"


@dataclass(frozen=True)
class Setting:
    """`way` says what is sent (see `ways`), `codec` how it is coded.

    `params` are the codec's parameters that were asked for, `arrangement` and `bits` its
    adapter's where the way is `features`.
    """

    way: str
    codec: str
    params: Mapping[str, ParameterValue] = field(default_factory=dict)
    arrangement: str = ""
    bits: int = 8

    @property
    def curve(self) -> str:
        """The name of the curve that the setting is a point of: all but its rate's parameter."""
        words = [
            self.way,
            self.codec,
            self.arrangement,
            "" if self.bits == 8 else f"{self.bits}bit",
        ]
        rest = [f"{k}={v}" for k, v in self.params.items() if k not in RATES]
        return " ".join(word for word in (*words, *rest) if word)

    @property
    def key(self) -> str:
        """The setting's name, the same in every run."""
        rate = [f"{k}={v}" for k, v in self.params.items() if k in RATES]
        return " ".join((self.curve, *rate))

    def document(self) -> dict[str, Any]:
        """JSON; `read` undoes it."""
        return asdict(self)


RATES = ("qp", "quality")
"""Parameters by which codecs trade bytes for quality."""

REFERENCE = Setting("floats", FLOAT32)
"""The uncompressed network: what every change is against."""
BASELINE = Setting("picture", "jpeg", {"quality": 75})
"""What sizes are in percent of: the 224x224 input as JPEG."""


def read(document: Mapping[str, Any]) -> Setting:
    """Undo `Setting.document`."""
    return Setting(**document)


def grid(
    way: str,
    codec: str,
    params: Mapping[str, Sequence[ParameterValue]],
    arrangements: Sequence[str],
    bits: int = 8,
) -> Iterator[Setting]:
    """A setting for every arrangement and combination of the parameters' values."""
    for arrangement in arrangements:
        for values in itertools.product(*params.values()):
            chosen = dict(zip(params, values, strict=True))
            yield Setting(way, codec, chosen, arrangement, bits)
