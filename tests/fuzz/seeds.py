"""The seeds: small frames of synthetic features, coded by this project, kept beside this file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tests.samples import SPEC
from trunkline import codecs, pipeline, tiling, wire
from trunkline.types import Frame, ParameterValue, Quantiser, Samples, Shape, Tensor

FOLDER = Path(__file__).parent / "corpus"
INDEX = FOLDER / "index.json"
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TRUNKLINE_SHARED", ROOT / ".." / "shared")) / "golden" / "bpg"
SMALL, WIDE, SINGLE, ODD, WHOLE = (8, 7, 7), (32, 6, 6), (1, 1, 1), (3, 5, 7), SPEC.shape
EXACT = ("raw", "png", "bpg")
"""Codecs whose decoders give every machine the same samples, lossy or not."""


@dataclass(frozen=True)
class Seed:
    """One frame as it crosses the wire."""

    name: str
    data: bytes

    @cached_property
    def frame(self) -> Frame:
        """The frame, read."""
        return wire.frame_from_bytes(self.data)


@dataclass(frozen=True)
class Setting:
    """How a seed is made."""

    codec: str
    params: dict[str, ParameterValue] = field(default_factory=dict)
    shape: Shape = SMALL
    bits: int = 8
    arrangement: str = "luma"

    @property
    def name(self) -> str:
        """Its file's name without the suffix."""
        params = [
            name if value is True else f"{name}{value}" for name, value in self.params.items()
        ]
        shape = "x".join(map(str, self.shape))
        return "-".join([self.codec, *params, str(self.bits), self.arrangement, shape])

    def make(self) -> Frame:
        """Code the synthetic tensor."""
        spec = dataclasses.replace(SPEC, shape=self.shape)
        codec = codecs.get(self.codec, **self.params)
        return pipeline.pack(
            synthetic(self.shape), spec, codec, arrangement=self.arrangement, bits=self.bits
        )


def synthetic(shape: Shape) -> Tensor:
    """Waves, an edge and spikes, the same on every machine: integers over 16."""
    channels, rows, columns = np.indices(shape)
    values = (rows * (channels % 5 + 1) + columns * (channels % 3 + 1)) % 61 - 30
    values += np.where(rows > columns, 24, 0)
    spikes = (channels * 7919 + rows * 104729 + columns * 1299709) % 97 < 5
    tensor: Tensor = (np.where(spikes, 90 - values, values) / 16).astype(np.float32)
    return tensor


def picture_frame(codec: str, payload: bytes, plane: tuple[int, ...]) -> Frame:
    """A frame of one channel around any (H, W) or (H, W, 3) picture; its samples are values."""
    return Frame(
        trunk=SPEC.name,
        cut=SPEC.cut,
        digest=SPEC.digest,
        shape=(1, plane[0], plane[1]),
        codec=codec,
        params={},
        payload=payload,
        arrangement="luma" if len(plane) == 2 else "rgb",
        quantiser=Quantiser(0.0, 255.0, 8),
    )


def digest(tensor: Tensor) -> str:
    """What a decoded seed is compared by."""
    return hashlib.sha256(np.ascontiguousarray(tensor, "<f4").tobytes()).hexdigest()


def index() -> dict[str, dict[str, Any]]:
    """What every checked-in seed decodes to, by name."""
    entries: dict[str, dict[str, Any]] = json.loads(INDEX.read_text())
    return entries


def load(ids: tuple[str, ...], *, shared: bool = True) -> dict[str, list[Seed]]:
    """The seeds by codec, of those named; the reference encoder's files too where they are."""
    found: dict[str, list[Seed]] = {id: [] for id in ids}
    for path in sorted(FOLDER.glob("*.frame")):
        id = path.stem.split("-")[0]
        if id in found:
            found[id].append(Seed(path.stem, path.read_bytes()))
    if shared and "bpg" in found:
        found["bpg"] += [_reference(path) for path in sorted(SHARED.glob("*.bpg"))]
    return found


def _reference(path: Path) -> Seed:
    """A file of the reference encoder's in a frame of the size that its header says."""
    payload = path.read_bytes()
    shape, _bits = codecs.get("bpg").probe(payload)  # type: ignore[union-attr]
    return Seed(f"reference-{path.stem}", wire.frame_to_bytes(picture_frame("bpg", payload, shape)))


def fingerprint(seeds: dict[str, list[Seed]]) -> str:
    """Which seeds a run had: mutants are the same where this is."""
    joined = hashlib.sha256()
    for id in sorted(seeds):
        for seed in seeds[id]:
            joined.update(seed.name.encode() + seed.data)
    return joined.hexdigest()[:12]


def plane_of(shape: Shape) -> Samples:
    """The synthetic tensor's mosaic, 8 bits."""
    from trunkline.quantize import minmax

    return tiling.mosaic(minmax(synthetic(shape)).samples)
