"""The query of a request, read strictly: nothing unknown, nothing twice, nothing out of range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trunkline import codecs
from trunkline.codecs import FeatureCodec
from trunkline.errors import ParameterError, UnknownNameError
from trunkline.quantize import BITS
from trunkline.spelling import typed
from trunkline.text import one_of
from trunkline.tiling import ARRANGEMENTS
from trunkline.types import MAX_TOP_K, ParameterValue
from trunkline_edge.problems import Problem

OWN = ("tasks", "codec", "arrangement", "bits", "timeout_ms", "top_k", "score_threshold")


@dataclass(frozen=True)
class Defaults:
    """What holds where a request says nothing."""

    codec: str
    params: Mapping[str, ParameterValue]
    timeout_ms: float
    max_timeout_ms: float


@dataclass(frozen=True)
class Wishes:
    """What a request asks for. None leaves a choice to the tasks."""

    codec: FeatureCodec
    tasks: tuple[str, ...]
    timeout_s: float
    top_k: int | None
    score_threshold: float | None


def parse(query: Iterable[tuple[str, str]], defaults: Defaults, tasks: tuple[str, ...]) -> Wishes:
    """A query's pairs as wishes; `tasks` are all that it may name, and meant where it names none.

    Raises ParameterError that says what is allowed, Problem 404 for a task that is not known.
    """
    types = codecs.parameter_types()
    given = _once(query, types)
    return Wishes(
        codec=_codec(given, types, defaults),
        tasks=_tasks(given.get("tasks"), tasks),
        timeout_s=_timeout_s(given.get("timeout_ms"), defaults),
        top_k=_top_k(given.get("top_k")),
        score_threshold=_threshold(given.get("score_threshold")),
    )


def _once(query: Iterable[tuple[str, str]], types: Mapping[str, str]) -> dict[str, str]:
    """The pairs as a dictionary; unknown and repeated names are refused."""
    known = dict.fromkeys((*OWN, *types))
    given: dict[str, str] = {}
    for name, value in query:
        if name not in known:
            raise UnknownNameError("parameter", name[:50], list(known))
        if name in given:
            raise ParameterError(f"{name} is given twice: expected once")
        given[name] = value
    return given


def _codec(given: Mapping[str, str], types: Mapping[str, str], defaults: Defaults) -> FeatureCodec:
    """The codec that the request asks for; the default's parameters hold for the default only."""
    asked = {name: typed(name, types[name], given[name]) for name in given if name not in OWN}
    id = given.get("codec", defaults.codec)
    base = dict(defaults.params) if id == defaults.codec else {}
    codec = codecs.get(id, **(base | asked))
    if isinstance(codec, FeatureCodec):
        for name in ("arrangement", "bits"):
            if name in given:
                raise ParameterError(f"{name} is not for codec {id}, which has no mosaic")
        return codec
    arrangement = _choice("arrangement", given.get("arrangement", ARRANGEMENTS[0]), ARRANGEMENTS)
    bits = int(_choice("bits", given.get("bits", str(BITS[0])), [str(bits) for bits in BITS]))
    return codecs.as_feature(codec, arrangement=arrangement, bits=bits)


def _choice(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ParameterError(f"{name} is {value[:50]!r}: expected {one_of(allowed)}")
    return value


def _tasks(text: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The named tasks, all of them where none is named."""
    if text is None:
        return known
    names = tuple(text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise ParameterError(f"tasks is {text[:50]!r}: expected names, each once, comma-separated")
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise Problem(404, "unknown-task", f"unknown task {name[:50]!r}: there is {there}")
    return names


def _timeout_s(text: str | None, defaults: Defaults) -> float:
    value = defaults.timeout_ms if text is None else typed("timeout_ms", "float", text)
    return _within("timeout_ms", float(value), 0, defaults.max_timeout_ms, above=True) / 1e3


def _top_k(text: str | None) -> int | None:
    if text is None:
        return None
    return int(_within("top_k", int(typed("top_k", "int", text)), 1, MAX_TOP_K))


def _threshold(text: str | None) -> float | None:
    if text is None:
        return None
    return _within("score_threshold", float(typed("score_threshold", "float", text)), 0, 1)


def _within(name: str, value: float, low: float, high: float, *, above: bool = False) -> float:
    """`value` if it is between the bounds; `above` leaves the lower one out."""
    if value < low or value > high or (above and value == low):
        bounds = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
        # an integer may have more digits than a float can hold
        shown = f"{value:g}" if isinstance(value, float) else str(value)[:50]
        raise ParameterError(f"{name} is {shown}: expected {bounds}")
    return value
