"""Typed settings out of presets, a TOML file and flags; later ones win."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence, Set
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from trunkline.errors import ParameterError, UnknownNameError
from trunkline.files import read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Settings = TypeVar("Settings")
PRESETS = "presets.toml"
PRESET = "preset"


def option(
    default: Any,  # noqa: ANN401
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    flag: str = "",
) -> Any:  # noqa: ANN401 - stands where a field's value stands
    """A setting: its default, which gives its type, its help, its inclusive bounds or choices.

    `flag` is its own where the field's name cannot be it.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": tuple(choices), "flag": flag}
    return dataclasses.field(default=default, metadata=metadata)


def check(settings: Any) -> None:  # noqa: ANN401
    """Raise ParameterError unless every field has its type and lies within its bounds."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if not _fits(field, value):
            raise ParameterError(f"{field.name} is {value!r}: expected {expected(field)}")


def _fits(field: dataclasses.Field[Any], value: Any) -> bool:  # noqa: ANN401
    low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
    # type, not isinstance: True is no number
    if type(value) is not type(field.default):
        return False
    items = value if isinstance(value, tuple) else (value,)
    # written so that NaN is in no bounds
    bounded = all((low is None or low <= item) and (high is None or item <= high) for item in items)
    return bounded and (not choices or value in choices)


def expected(field: dataclasses.Field[Any]) -> str:
    """What a setting takes, in words."""
    low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
    if choices:
        return " or ".join(choices)
    kind = "list" if isinstance(field.default, tuple) else type(field.default).__name__
    if low is None:
        return kind
    return f"{kind} from {low:g}" + ("" if high is None else f" to {high:g}")


def collect(
    kind: type[Settings], name: str, preset: str, file: Path | None, flags: Mapping[str, Any]
) -> Settings:
    """Settings of `kind` from the preset of training `name`, the TOML file and the flags.

    The file may name the preset too. Raises UnknownNameError for an unknown preset or key, listing
    the known ones, ParameterError.
    """
    kept = {} if file is None else _parsed(read_bytes(file), str(file))
    its = str(kept.pop(PRESET, ""))
    given = named(name, preset or its) if preset or its else {}
    return build(kind, {**given, **kept, **flags})


def build(kind: type[Settings], given: Mapping[str, Any]) -> Settings:
    """Settings out of plain values: TOML's arrays become tuples, whole numbers floats."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise UnknownNameError("setting", key, list(known))
    return kind(**{key: _as(known[key].default, value) for key, value in given.items()})


def _as(default: Any, value: Any) -> Any:  # noqa: ANN401
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    return value


def presets(name: str) -> dict[str, dict[str, Any]]:
    """Every preset of the training `name`."""
    text = files(__package__).joinpath(PRESETS).read_bytes()
    found: dict[str, dict[str, Any]] = _parsed(text, PRESETS).get(name, {})
    return found


def named(name: str, preset: str) -> dict[str, Any]:
    """One preset. Raises UnknownNameError."""
    known = presets(name)
    if preset not in known:
        raise UnknownNameError(f"preset of {name}", preset, list(known))
    return known[preset]


def _parsed(content: bytes, where: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{where} is not TOML: {error}") from error
    return document


def add_flags(
    parser: argparse._ActionsContainer, kind: type[Any], without: Set[str] = frozenset()
) -> None:
    """A flag for every other setting. Those not given stay out of the namespace."""
    for field in [field for field in dataclasses.fields(kind) if field.name not in without]:
        default = field.default
        more: dict[str, Any] = {"type": type(default)}
        if isinstance(default, bool):
            more = {"action": argparse.BooleanOptionalAction}
        elif isinstance(default, tuple):
            item = type(default[0]) if default else str
            more = {"nargs": "+", "type": item, "metavar": field.name.upper()}
        if field.metadata["choices"]:
            more["choices"] = field.metadata["choices"]
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        text = f"{field.metadata['help']} ({shown if shown != '' else 'none'})".replace("%", "%%")
        flag = field.metadata["flag"] or f"--{field.name.replace('_', '-')}"
        parser.add_argument(flag, dest=field.name, default=argparse.SUPPRESS, help=text, **more)


def given_flags(arguments: argparse.Namespace, kind: type[Any]) -> dict[str, Any]:
    """What was given on the command line of this kind's settings."""
    values = vars(arguments)
    return {
        field.name: _as(field.default, values[field.name])
        for field in dataclasses.fields(kind)
        if field.name in values
    }
