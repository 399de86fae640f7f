"""The released classifier as a packaged task."""

from __future__ import annotations

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
) -> Path:
    """The classifier under another name in `folder`."""
    store = ModelStore((bundle_root(),))
    draft = draft_of(store.tail("mobilenet_v2", "keras-160", "classifier"))
    place = store.trunk("mobilenet_v2", "keras-160").spec
    package.write(folder, kind, place, replace(draft, task=task), provenance)
    return folder
