"""What a packaged task's files must be, whoever wrote them, before anything is done with them.

Every function raises ValueError that says what is wrong; `package.read` makes one line of it.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trunkline.errors import MissingExtraError
from trunkline.text import LONGEST_LINE, is_line
from trunkline.weights import sizes
from trunkline.weights.manifest import FileEntry, TailEntry

MOST_TEXT = 1 << 20
"""Bytes of `task.json`, of the labels and of the card."""
MOST_TAIL = 600 << 20
"""Bytes of a tail: VGG16's dense layers take 500 MB in float32."""
MOST_LABELS = 1 << 16
ENDLESS = {"Loop", "Scan", "If", "SequenceMap"}
"""Operators that run other graphs, for ever if they are told so: no tail needs one."""


def require_sound(tail: TailEntry) -> None:
    """Model name, labels, card and network are of their sizes, sha256 and kinds."""
    _require_shown(tail.model, "model")
    labels = _text(tail.labels_file).splitlines()
    if len(labels) > MOST_LABELS:
        raise ValueError(f"{len(labels)} labels, expected at most {MOST_LABELS}")
    if not any(labels):
        raise ValueError("no labels, expected one a line")
    for label in labels:
        _require_shown(label, "label")
    for line in _text(tail.card).split("\n"):
        if not line.replace("\t", "").isprintable():
            raise ValueError(f"{tail.card.file} has control characters, expected plain text")
    _require_plain(tail.file, _content(tail, MOST_TAIL))


def content(path: Path, most: int) -> bytes:
    """The bytes of a regular file of the folder itself: no link, pipe or device. Raises OSError."""
    info = path.lstat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError(f"{path.name} is no regular file of this folder")
    if info.st_size > most:
        raise ValueError(f"{path.name} has {info.st_size} bytes, expected at most {most}")
    return path.read_bytes()


def _content(entry: FileEntry, most: int) -> bytes:
    found = content(entry.path, most)
    if len(found) != entry.bytes:
        raise ValueError(f"{entry.file} has not the {entry.bytes} bytes that it should have")
    actual = hashlib.sha256(found).hexdigest()
    if actual != entry.sha256:
        raise ValueError(f"{entry.file} is damaged: sha256 {actual}, expected {entry.sha256}")
    return found


def _text(entry: FileEntry) -> str:
    try:
        return _content(entry, MOST_TEXT).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{entry.file} is no UTF-8: {error.reason}") from error


def _require_shown(text: str, what: str) -> None:
    if not is_line(text):
        raise ValueError(
            f"a {what} {text[:50]!r}: expected one printable line of at most {LONGEST_LINE} "
            "characters"
        )


def _require_plain(name: str, found: bytes) -> None:
    """Refuse a network that runs other graphs, reads other files or takes all memory.

    Weights in other files are under no sha256, and may be any file of this machine.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("a packaged task", "task") from error
    try:
        model = onnx.load_from_string(found)
    except Exception as error:  # protobuf has several kinds
        raise ValueError(f"{name} is no ONNX file") from error
    if model.functions:
        raise ValueError(f"{name} has functions, expected operators of ONNX alone")
    for node in model.graph.node:
        if node.op_type in ENDLESS or node.domain not in ("", "ai.onnx"):
            raise ValueError(f"{name} has the operator {node.op_type!r:.50}: a tail needs none")
    external = onnx.TensorProto.EXTERNAL
    if any(tensor.data_location == external for tensor in _tensors(model.graph)):
        raise ValueError(f"{name} has weights in other files, expected them in its own")
    try:
        sizes.require_bounded(model)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error


def _tensors(graph: Any) -> Iterator[Any]:  # noqa: ANN401 - onnx has no types
    """Every tensor that a graph without inner graphs carries."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
