"""Mutants that ended as none may, kept so that they can be undone again."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.fuzz.mutants import Mutant
from tests.fuzz.worker import Measured
from trunkline.types import Frame, Quantiser

MOST_ALIKE = 5
"""Files kept for one codec and outcome; the counts go on."""


class Findings:
    """A folder of findings, made when there is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: Counter[tuple[str, str]] = Counter()

    def keep(self, seed: int, mutant: Mutant, measured: Measured) -> Path | None:
        """Write one down; None where there are enough like it."""
        outcome = measured.verdict.outcome
        self._seen[mutant.codec, outcome] += 1
        if self._seen[mutant.codec, outcome] > MOST_ALIKE:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{mutant.codec}-{outcome}-{seed}-{measured.index}.json"
        about = {
            "seed": seed,
            "index": measured.index,
            "codec": mutant.codec,
            "corpus_seed": mutant.seed,
            "way": mutant.way,
            "outcome": outcome,
            "detail": measured.verdict.detail,
            "frame": _packed(mutant.frame),
        }
        path.write_text(json.dumps(about, indent=1) + "\n")
        return path


def load(path: Path) -> bytes | Frame:
    """The frame of a finding, or of a file that holds one as it crosses the wire."""
    if path.suffix != ".json":
        return path.read_bytes()
    frame: dict[str, Any] | str = json.loads(path.read_text())["frame"]
    if isinstance(frame, str):
        return base64.b64decode(frame)
    quantiser = frame["quantiser"]
    frame |= {
        "payload": base64.b64decode(frame["payload"]),
        "shape": tuple(frame["shape"]),
        "image_size": tuple(frame["image_size"]),
        "quantiser": None if quantiser is None else Quantiser(**quantiser),
    }
    return Frame(**frame)


def _packed(frame: bytes | Frame) -> dict[str, Any] | str:
    """A frame as JSON's types; NaN and infinity as Python's `json` writes them."""
    if isinstance(frame, bytes):
        return base64.b64encode(frame).decode()
    fields = dataclasses.asdict(frame)
    return fields | {"payload": base64.b64encode(frame.payload).decode()}
