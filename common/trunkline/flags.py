"""A service's settings as command-line flags: one flag and one environment variable a field.

For settings classes of pydantic's kind, which is not imported: the library does without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Protocol


class Field(Protocol):
    """What is read of a settings class's field."""

    description: str | None
    default: Any


def add(
    parser: argparse.ArgumentParser,
    fields: Mapping[str, Field],
    prefix: str,
    defaults: Mapping[str, str],
) -> None:
    """One flag for each field, its help naming variable and default.

    `defaults` says in words what the default is where that depends on other settings.
    """
    for name, field in fields.items():
        default = defaults.get(name, str(field.default))
        text = f"{field.description} ({variable(prefix, name)}, default {default})"
        parser.add_argument(
            flag(name),
            dest=name,
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=text.replace("%", "%%"),
        )
    parser.epilog = "Models are looked for in TRUNKLINE_HOME and in the released bundle."


def given(arguments: argparse.Namespace, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The settings among the parsed arguments: those flags that were given."""
    return {name: value for name, value in vars(arguments).items() if name in fields}


def spelled(given: Mapping[str, Any], positional: str = "") -> list[str]:
    """Flags that say the same again; the setting called `positional` comes by its place."""
    words = [str(given[positional])] if positional else []
    for name, value in given.items():
        words += [] if name == positional else [f"{flag(name)}={value}"]
    return words


def complaint(error: Mapping[str, Any], prefix: str, positional: str = "") -> str:
    """One of pydantic's error records as a line that names flag and variable.

    The setting called `positional` is no flag but an argument by its place.
    """
    name = str(error["loc"][0]) if error["loc"] else "settings"
    spelled = name.upper() if name == positional else flag(name)
    value = "" if error["type"] == "missing" else f" is {error['input']!r}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{spelled} ({variable(prefix, name)}){value}: {message}; see --help"


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(prefix: str, name: str) -> str:
    """The environment variable of a setting."""
    return prefix + name.upper()
