"""The codec of requests that name none."""

from __future__ import annotations

from trunkline import codecs
from trunkline.errors import MissingExtraError, ParameterError
from trunkline.spelling import typed
from trunkline.types import ParameterValue

FALLBACK = "webp"

Chosen = tuple[str, dict[str, ParameterValue]]


def parse(text: str) -> Chosen:
    """`bpg` or `bpg:qp=32,...` as id and parameters, checked. Raises ParameterError and kin."""
    id, _, rest = text.partition(":")
    types = codecs.parameter_types()
    params: dict[str, ParameterValue] = {}
    for pair in filter(None, rest.split(",")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(f"codec is {text!r}: expected id or id:name=value,...")
        params[name] = typed(name, types.get(name, "str"), value)
    codecs.get(id, **params)
    return id, params


def choose(text: str, *, wished: bool) -> tuple[Chosen, str]:
    """The default codec and, where it is not the one in `text`, why.

    A codec that somebody `wished` for by name is never replaced: MissingExtraError.
    """
    try:
        return parse(text), ""
    except MissingExtraError as error:
        if wished:
            raise
        return parse(FALLBACK), f"default codec is {FALLBACK}: {error}"
