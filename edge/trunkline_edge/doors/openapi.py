"""What /docs says of the doors that take pictures: they read queries and bodies by themselves."""

from __future__ import annotations

from typing import Any

from trunkline import codecs
from trunkline.quantize import BITS
from trunkline.tiling import ARRANGEMENTS
from trunkline.types import MAX_TOP_K
from trunkline_edge.form import FIELD
from trunkline_edge.problems import MEDIA_TYPE

_BINARY = {"type": "string", "format": "binary"}
_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {}}}
    for status, description in {
        400: "bad or unknown parameter, no picture, two pictures",
        404: "unknown task",
        408: "the picture came too slowly",
        413: "too many bytes or pixels",
        415: "no known picture format",
        422: "a picture that cannot be decoded",
        429: "too many pictures in work, or too many bytes of others on their way",
        503: "not ready, or stopped before it was done",
    }.items()
}
ENCODE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the payload, a file of the codec's own format; the frame's fields are in "
        "X-Trunkline-* headers",
        "content": {"application/octet-stream": {"schema": _BINARY}},
    },
    **_PROBLEMS,
}
INFER: dict[int | str, dict[str, Any]] = {
    200: {"description": "what the tasks found; `complete` is false where one of them failed"},
    **_PROBLEMS,
    502: {"description": "no task answered", "content": {MEDIA_TYPE: {}}},
    504: {"description": "every task was late", "content": {MEDIA_TYPE: {}}},
}


def picture_operation() -> dict[str, Any]:
    """The OpenAPI operation's parameters and body."""
    form = {"type": "object", "properties": {FIELD: _BINARY}, "required": [FIELD]}
    return {
        "parameters": [*_own_parameters(), *_codec_parameters()],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "application/octet-stream": {"schema": _BINARY},
            },
        },
    }


def _own_parameters() -> list[dict[str, Any]]:
    ids = [info.id for info in codecs.table()]
    return [
        _parameter("tasks", "names, comma-separated; default all", type="string"),
        _parameter("codec", "default as the edge's settings say", type="string", enum=ids),
        _parameter("arrangement", "of the mosaic", type="string", enum=list(ARRANGEMENTS)),
        _parameter("bits", "of a sample", type="integer", enum=list(BITS)),
        _parameter("timeout_ms", "ms that the tasks have", type="number", exclusiveMinimum=0),
        _parameter("top_k", "classes wanted", type="integer", minimum=1, maximum=MAX_TOP_K),
        _parameter("score_threshold", "least score", type="number", minimum=0, maximum=1),
    ]


def _codec_parameters() -> list[dict[str, Any]]:
    """Every codec's parameters; one that two codecs share is described once."""
    found: dict[str, dict[str, Any]] = {}
    for info in codecs.table():
        for name, field in info.parameters.items():
            if name in found:
                found[name]["description"] += f", {info.id}"
            else:
                schema = {"type": _TYPES[field["type"]]}
                found[name] = _parameter(name, f"of codec {info.id}", **schema)
    return list(found.values())


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
