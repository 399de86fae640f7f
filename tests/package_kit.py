"""The released classifier as a packaged task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trunkline.weights import package
from trunkline.weights.publish import draft_of
from trunkline.weights.store import ModelStore, bundle_root


def write(
    folder: Path,
    task: str = "mine",
    kind: str = "classifier",
    provenance: Mapping[str, Any] | None = None,
    **changed: Any,
) -> Path:
    """The classifier under another name in `folder`; `changed` are fields of its draft."""
    store = ModelStore((bundle_root(),))
    draft = draft_of(store.tail("mobilenet_v2", "keras-160", "classifier"))
    place = store.trunk("mobilenet_v2", "keras-160").spec
    package.write(folder, kind, place, replace(draft, task=task, **changed), provenance)
    return folder


def rewrite(folder: Path, name: str, content: bytes) -> Path:
    """Another file of that name, and a description that fits it."""
    (folder / name).write_bytes(content)
    found = {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    description = json.loads((folder / package.NAME).read_text())
    tail = description["tail"]
    for part in (tail, tail["labels"], tail["card"]):
        if part["file"] == name:
            part.update(found)
    (folder / package.NAME).write_text(json.dumps(description))
    return folder
