"""The published figures, out of `published.json`, which names their source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

MB = 1e6
NAMES = {"bpg": "BPG", "webp": "WebP"}


@dataclass(frozen=True)
class PublishedTable:
    """Tables 6 to 9 for one trunk: a row has `value` (of `rate`), `percent` and metrics."""

    number: int
    codec: str
    rate: str
    rows: Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class PublishedSizes:
    """Table 3 for one trunk: mean bytes a picture, as JPEG and of the tensor as PNG."""

    data: str
    pictures: int
    jpeg_mb: float
    png_mb: float

    @property
    def jpeg_bytes(self) -> float:
        """A picture's."""
        return self.jpeg_mb * MB / self.pictures

    @property
    def png_bytes(self) -> float:
        """A tensor's."""
        return self.png_mb * MB / self.pictures


def titled(codec: str) -> str:
    """A codec's name as its authors write it."""
    return NAMES[codec]


def source() -> str:
    """Who published them, and where."""
    return str(_document()["source"])


def tables(task: str, trunk: str) -> list[PublishedTable]:
    """Tables 6 and 7, or 8 and 9; none for a task or trunk that the paper does not have."""
    return [
        PublishedTable(it["table"], codec, it["rate"], it["rows"][trunk])
        for codec, it in _document()["tables"].get(task, {}).items()
        if trunk in it["rows"]
    ]


def sizes(task: str, trunk: str) -> PublishedSizes | None:
    """Table 3's figures."""
    found = _document()["sizes"].get(task)
    if not found or trunk not in found["png_mb"]:
        return None
    return PublishedSizes(
        found["data"], found["pictures"], found["jpeg_mb"], found["png_mb"][trunk]
    )


def accuracy(trunk: str, metric: str) -> tuple[float, float] | None:
    """Tables 4 and 5: a metric with float features, and after 8-bit quantisation."""
    found = _document()["accuracy"].get(trunk, {}).get(metric)
    return (found[0], found[1]) if found else None


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((files(__package__) / "published.json").read_text())
    return document
