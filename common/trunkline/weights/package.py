"""A task in a folder of its own: tail, labels, card, and `task.json` that says what they are.

It goes where its trunk is not: the frames that it takes are named by the trunk's digest.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trunkline.errors import WeightsError
from trunkline.names import TASK_NAME
from trunkline.pipeline import MAX_ELEMENTS
from trunkline.text import one_line, one_of, shown
from trunkline.types import Shape, TrunkSpec
from trunkline.weights import foreign, manifest
from trunkline.weights.manifest import Place, TailEntry
from trunkline.weights.publish import TailDraft, write_file, write_tail

NAME = "task.json"
FORMAT = 1
CLASSIFIER = "classifier"
"""The kind of packages whose tails give logits of their labels."""
LONGEST = 200
"""Characters of a reason."""
_UNSOUND = (ValueError, LookupError, TypeError, AttributeError, RecursionError, ArithmeticError)
"""What reading a description raises that is none."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Cut:
    """The trunk whose frames the task takes."""

    name: str
    set: str
    cut: str
    shape: Shape


@dataclass(frozen=True)
class Package:
    """A packaged task. `kind` names the class that reads its tail's outputs.

    `provenance` says how the tail came to be: data, settings, versions.
    """

    kind: str
    tail: TailEntry
    provenance: Mapping[str, Any] = field(default_factory=dict)


def write(
    folder: Path,
    kind: str,
    place: Place,
    draft: TailDraft,
    provenance: Mapping[str, Any] | None = None,
) -> Package:
    """Write a tail for the trunk at `place` to a folder of its own. Raises WeightsError."""
    cut = Cut(place.name, place.set, place.cut, place.shape)
    tail = write_tail(folder, cut, draft)
    document = {
        "format": FORMAT,
        "kind": kind,
        "trunk": {**vars(cut), "shape": list(cut.shape)},
        "tail": manifest.tail_data(tail),
        "provenance": dict(provenance or {}),
    }
    write_file(folder, NAME, (json.dumps(document, indent=1) + "\n").encode())
    return Package(kind, tail, dict(provenance or {}))


def read(folder: Path) -> Package:
    """The task in a folder, which may be anybody's; all of its files are looked at.

    Raises WeightsError that says what is wrong.
    """
    path = folder / NAME
    try:
        found = _package(folder, json.loads(foreign.content(path, foreign.MOST_TEXT)))
        foreign.require_sound(found.tail)
    except OSError as error:
        file = shown(str(error.filename or path))
        raise WeightsError(f"{file} cannot be read: {error.strerror}; expected a task's") from error
    except KeyError as error:
        raise WeightsError(f"{path} is no packaged task's: it lacks {error}") from error
    except _UNSOUND as error:
        reason = one_line(str(error), LONGEST) or type(error).__name__
        raise WeightsError(f"{path} is no packaged task's: {reason}") from error
    return found


def require_fit(tail: TailEntry, spec: TrunkSpec, where: object) -> None:
    """Raise WeightsError unless the tail in `where` was made for this trunk."""
    if tail.shape != spec.shape:
        raise WeightsError(
            f"{where} takes tensors of {tail.shape}, trunk {spec.name}/{spec.set} makes "
            f"{spec.shape}: make it again for this trunk"
        )
    if spec.digest not in tail.accepts:
        raise WeightsError(
            f"{where} is for trunk {tail.trunk}/{tail.set} of digest {one_of(tail.accepts)}: "
            f"{spec.name}/{spec.set} here has {spec.digest}; make it again for this trunk, or use "
            "the weights that it was made with"
        )


def _package(folder: Path, data: Mapping[str, Any]) -> Package:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}, expected {FORMAT}")
    trunk = data["trunk"]
    channels, height, width = (int(side) for side in trunk["shape"])
    shape = (channels, height, width)
    if min(shape) < 1 or math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"tensors of {shape}, expected (C, H, W) of at most {MAX_ELEMENTS} values")
    names = [trunk["name"], trunk["set"], trunk["cut"], data["kind"]]
    if not all(isinstance(name, str) and TASK_NAME.fullmatch(name) for name in names):
        raise ValueError(f"names {names}, expected letters, digits, - and _")
    place = Cut(trunk["name"], trunk["set"], trunk["cut"], shape)
    tail = manifest.tail_of(folder, place, data["tail"])
    if not TASK_NAME.fullmatch(tail.task):
        raise ValueError(f"task {tail.task[:80]!r}, expected letters, digits, - and _")
    if not tail.accepts or not all(_DIGEST.fullmatch(digest) for digest in tail.accepts):
        raise ValueError("accepted digests that are none, expected sha256 in hex")
    return Package(data["kind"], tail, dict(data["provenance"]))
