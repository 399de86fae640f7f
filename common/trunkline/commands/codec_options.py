"""Options that choose a codec, as every subcommand that has them spells them."""

from __future__ import annotations

import argparse

from trunkline import codecs
from trunkline.errors import ParameterError
from trunkline.quantize import BITS
from trunkline.spelling import typed
from trunkline.tiling import ARRANGEMENTS, DEFAULT_ARRANGEMENT
from trunkline.types import ParameterValue


def configure(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add --codec, --qp, --quality, --param, --arrangement and --bits; `default` names a codec."""
    ids = [info.id for info in codecs.table()]
    otherwise = default or "what the edge is set to"
    parser.add_argument("--codec", choices=ids, default=default, help=f"({otherwise})")
    parser.add_argument("--qp", type=int, help="short for --param qp=N")
    parser.add_argument("--quality", type=int, help="short for --param quality=N")
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a codec's parameter"
    )
    parser.add_argument("--arrangement", choices=ARRANGEMENTS, help=f"({DEFAULT_ARRANGEMENT})")
    parser.add_argument("--bits", type=int, choices=BITS, help="bits a sample (8)")


def spelled(arguments: argparse.Namespace) -> dict[str, str]:
    """The codec's parameters as they were written, by name."""
    given: dict[str, str] = {}
    for pair in arguments.param:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(f"--param {pair!r}: expected NAME=VALUE")
        _once(given, name, value)
    for name in ("qp", "quality"):
        if getattr(arguments, name) is not None:
            _once(given, name, str(getattr(arguments, name)))
    return given


def values(given: dict[str, str]) -> dict[str, ParameterValue]:
    """Texts as the types of codec parameters. Raises ParameterError."""
    types = codecs.parameter_types()
    return {name: typed(name, types.get(name, "str"), text) for name, text in given.items()}


def _once(given: dict[str, str], name: str, value: str) -> None:
    if name in given:
        raise ParameterError(f"{name} is given twice: expected once")
    given[name] = value
