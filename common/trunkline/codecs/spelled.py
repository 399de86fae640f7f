"""A codec with its parameters as people write it: `bpg`, `bpg:qp=32,effort=0`."""

from __future__ import annotations

from trunkline import codecs
from trunkline.errors import ParameterError
from trunkline.spelling import typed
from trunkline.types import ParameterValue

Chosen = tuple[str, dict[str, ParameterValue]]


def parse(text: str) -> Chosen:
    """`id` or `id:name=value,...` as id and parameters, checked. Raises ParameterError and kin."""
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
