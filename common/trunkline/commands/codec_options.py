"""Options that choose a codec, as every subcommand that has them spells them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from trunkline import codecs
from trunkline.errors import ParameterError
from trunkline.tiling import ARRANGEMENTS, DEFAULT_ARRANGEMENT
from trunkline.types import ParameterValue


def configure(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add --codec, --qp, --quality, --param, --arrangement and --bits; `default` names a codec."""
    ids = [info.id for info in codecs.table()]
    parser.add_argument("--codec", choices=ids, default=default, help=f"codec ({default})")
    parser.add_argument("--qp", type=int, help="short for --param qp=N")
    parser.add_argument("--quality", type=int, help="short for --param quality=N")
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a codec's parameter"
    )
    parser.add_argument("--arrangement", choices=ARRANGEMENTS, help=f"({DEFAULT_ARRANGEMENT})")
    parser.add_argument("--bits", type=int, choices=(8, 16), help="bits a sample (8)")


def spelled(arguments: argparse.Namespace) -> dict[str, str]:
    """The codec's parameters as they were written, by name."""
    given: dict[str, str] = {}
    for pair in arguments.param:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(f"--param {pair!r}: expected NAME=VALUE")
        given[name] = value
    for name in ("qp", "quality"):
        if getattr(arguments, name) is not None:
            given[name] = str(getattr(arguments, name))
    return given


def typed(codec: str, given: dict[str, str]) -> dict[str, ParameterValue]:
    """Texts as the codec's parameter types. Raises ParameterError."""
    (info,) = [info for info in codecs.table() if info.id == codec]
    return {name: _value(info.parameters.get(name), name, text) for name, text in given.items()}


def _value(known: dict[str, Any] | None, name: str, text: str) -> ParameterValue:
    """One text by its parameter's type; an unknown name is left for the codec to refuse."""
    kind = known["type"] if known else "str"
    readers: dict[str, Callable[[str], ParameterValue]] = {
        "bool": lambda word: {"true": True, "false": False}[word.lower()],
        "int": int,
        "float": float,
        "str": str,
    }
    try:
        return readers[kind](text)
    except (KeyError, ValueError) as error:
        raise ParameterError(f"{name} is {text!r}: expected {kind}") from error
