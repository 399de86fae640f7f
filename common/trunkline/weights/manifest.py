"""`manifest.json`: what one folder of the model store holds, each file with its sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trunkline.errors import WeightsError
from trunkline.types import Preprocess, Shape, TrunkSpec

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class FileEntry:
    """One file of a folder with what it must hash to."""

    folder: Path
    file: str
    sha256: str
    bytes: int

    @property
    def path(self) -> Path:
        """Where the file lies (unchecked)."""
        return self.folder / self.file

    def verified_path(self) -> Path:
        """The file's path once its sha256 was checked; WeightsError where it differs."""
        try:
            actual = sha256_of(self.path)
        except OSError as error:
            raise WeightsError(f"{self.path} cannot be read: {error.strerror}; {_MEND}") from error
        if actual != self.sha256:
            raise WeightsError(
                f"{self.path} is damaged: sha256 {actual}, expected {self.sha256}; {_MEND}"
            )
        return self.path


_MEND = "write it again with: trunkline weights build"


@dataclass(frozen=True)
class TrunkEntry(FileEntry):
    """A trunk in the store. `probe` holds its C channel means for the probe picture."""

    spec: TrunkSpec
    probe: tuple[float, ...] = ()
    card: str = ""

    @property
    def name(self) -> str:
        """The trunk's name."""
        return self.spec.name

    @property
    def set(self) -> str:
        """The weight set's name."""
        return self.spec.set

    @property
    def digest(self) -> str:
        """The trunk digest (hex)."""
        return self.spec.digest


@dataclass(frozen=True)
class TailEntry(FileEntry):
    """A tail in the store.

    `digest` and `probe` are those of the trunk it was made for; `accepts` lists every digest whose
    trunk was shown to be that network.
    """

    trunk: str
    set: str
    cut: str
    shape: Shape
    task: str
    model: str
    labels_file: str
    accepts: tuple[str, ...]
    digest: str
    probe: tuple[float, ...] = ()
    card: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def labels(self) -> tuple[str, ...]:
        """The label of each class index; WeightsError where the file is missing."""
        path = self.folder / self.labels_file
        try:
            return tuple(path.read_text(encoding="utf-8").splitlines())
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror}; {_MEND}") from error


@dataclass(frozen=True)
class Manifest:
    """One folder: a trunk and its tails."""

    trunk: TrunkEntry
    tails: tuple[TailEntry, ...]


def sha256_of(path: Path) -> str:
    """The SHA-256 (hex) of a file, read in pieces."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def read(folder: Path) -> Manifest:
    """The folder's manifest; WeightsError where it is missing, damaged or of another format."""
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise WeightsError(f"{path} has format {data['format']!r}: expected {FORMAT}; {_MEND}")
        trunk = _trunk(folder, data["trunk"])
        return Manifest(trunk, tuple(_tail(folder, trunk.spec, item) for item in data["tails"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} is not a manifest ({error!r}); {_MEND}") from error


def _trunk(folder: Path, data: dict[str, Any]) -> TrunkEntry:
    preprocess = Preprocess(
        mean=_triple(data["preprocess"]["mean"]),
        std=_triple(data["preprocess"]["std"]),
        size=(int(data["preprocess"]["size"][0]), int(data["preprocess"]["size"][1])),
    )
    channels, height, width = (int(side) for side in data["shape"])
    spec = TrunkSpec(
        name=data["name"],
        set=data["set"],
        cut=data["cut"],
        shape=(channels, height, width),
        digest=data["digest"],
        preprocess=preprocess,
    )
    return TrunkEntry(
        folder=folder,
        file=data["file"],
        sha256=data["sha256"],
        bytes=data["bytes"],
        spec=spec,
        probe=tuple(data["probe"]),
        card=data["card"],
    )


def _triple(values: list[float]) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third


def _tail(folder: Path, trunk: TrunkSpec, data: dict[str, Any]) -> TailEntry:
    return TailEntry(
        folder=folder,
        file=data["file"],
        sha256=data["sha256"],
        bytes=data["bytes"],
        trunk=trunk.name,
        set=trunk.set,
        cut=trunk.cut,
        shape=trunk.shape,
        task=data["task"],
        model=data["model"],
        labels_file=data["labels"],
        accepts=tuple(data["accepts"]),
        digest=data["digest"],
        probe=tuple(data["probe"]),
        card=data["card"],
        metrics=dict(data["metrics"]),
    )


def dumps(manifest: Manifest) -> str:
    """The manifest as JSON text; `read` undoes it."""
    spec = manifest.trunk.spec
    trunk = {
        "name": spec.name,
        "set": spec.set,
        "cut": spec.cut,
        "shape": list(spec.shape),
        "digest": spec.digest,
        "preprocess": {
            "mean": list(spec.preprocess.mean),
            "std": list(spec.preprocess.std),
            "size": list(spec.preprocess.size),
        },
        **_file(manifest.trunk),
        "probe": list(manifest.trunk.probe),
        "card": manifest.trunk.card,
    }
    tails = [_tail_data(tail) for tail in sorted(manifest.tails, key=lambda tail: tail.task)]
    return json.dumps({"format": FORMAT, "trunk": trunk, "tails": tails}, indent=1) + "\n"


def _tail_data(tail: TailEntry) -> dict[str, Any]:
    return {
        "task": tail.task,
        "model": tail.model,
        **_file(tail),
        "labels": tail.labels_file,
        "accepts": list(tail.accepts),
        "digest": tail.digest,
        "probe": list(tail.probe),
        "card": tail.card,
        "metrics": dict(tail.metrics),
    }


def _file(entry: FileEntry) -> dict[str, Any]:
    return {"file": entry.file, "sha256": entry.sha256, "bytes": entry.bytes}
