"""Parameters as people spell them, in queries, settings and on the command line."""

from __future__ import annotations

import math
from collections.abc import Callable

from trunkline.errors import ParameterError
from trunkline.types import ParameterValue

_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


def typed(name: str, kind: str, text: str) -> ParameterValue:
    """A text as `kind`: int, float, bool (`true`, `false`) or str. Raises ParameterError."""
    readers: dict[str, Callable[[str], ParameterValue]] = {
        "int": int,
        "float": _finite,
        "bool": lambda word: {"true": True, "false": False}[word.lower()],
        "str": str,
    }
    try:
        if not text.isascii() or "_" in text or text != text.strip():
            raise ValueError(text)  # Python reads more into numbers than people mean
        return readers[kind](text)
    except (KeyError, ValueError) as error:
        raise ParameterError(
            f"{name} is {text[:50]!r}: expected {_WORDS.get(kind, 'plain text')}"
        ) from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
