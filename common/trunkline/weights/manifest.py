"""`manifest.json`: what one folder of the model store holds, each file with its sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from trunkline.errors import WeightsError
from trunkline.types import Preprocess, Shape, TrunkSpec
from trunkline.weights import remedy

NAME = "manifest.json"
FORMAT = 2


class Place(Protocol):
    """Where a trunk is cut: what a tail's entry repeats of it."""

    @property
    def name(self) -> str:
        """The trunk's name."""

    @property
    def set(self) -> str:
        """The weight set's."""

    @property
    def cut(self) -> str:
        """The cut's."""

    @property
    def shape(self) -> Shape:
        """(C, H, W) of its tensor."""


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
            self._check(sha256_of(self.path))
        except OSError as error:
            raise self._unreadable(error) from error
        return self.path

    def text(self) -> str:
        """The file as text, its sha256 checked; WeightsError where it differs."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise self._unreadable(error) from error
        self._check(hashlib.sha256(content).hexdigest())
        return content.decode()

    def _check(self, actual: str) -> None:
        if actual != self.sha256:
            raise WeightsError(
                f"{self.path} is damaged: sha256 {actual}, expected {self.sha256}; "
                f"{remedy.for_damage(self.folder)}"
            )

    def _unreadable(self, error: OSError) -> WeightsError:
        return WeightsError(
            f"{self.path} cannot be read: {error.strerror}; {remedy.for_damage(self.folder)}"
        )


@dataclass(frozen=True)
class TrunkEntry(FileEntry):
    """A trunk in the store. `probe` holds its C channel means for the probe picture."""

    spec: TrunkSpec
    card: FileEntry
    probe: tuple[float, ...] = ()

    def files(self) -> tuple[FileEntry, ...]:
        """Every file of this trunk: ONNX and card."""
        return _bare(self), self.card

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
    labels_file: FileEntry
    card: FileEntry
    accepts: tuple[str, ...]
    digest: str
    probe: tuple[float, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def files(self) -> tuple[FileEntry, ...]:
        """Every file of this tail: ONNX, labels and card."""
        return _bare(self), self.labels_file, self.card

    def verified_path(self) -> Path:
        """The ONNX file's path once its sha256 and the labels' were checked; else WeightsError."""
        self.labels_file.verified_path()
        return super().verified_path()

    def labels(self) -> tuple[str, ...]:
        """The label of each class index; WeightsError where the file is missing or damaged."""
        return tuple(self.labels_file.text().splitlines())


@dataclass(frozen=True)
class Manifest:
    """One folder: a trunk and its tails."""

    trunk: TrunkEntry
    tails: tuple[TailEntry, ...]

    def files(self) -> tuple[FileEntry, ...]:
        """Every file of the folder but the manifest itself."""
        return (*self.trunk.files(), *(file for tail in self.tails for file in tail.files()))


def sha256_of(path: Path) -> str:
    """The SHA-256 (hex) of a file, read in pieces."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def _bare(entry: FileEntry) -> FileEntry:
    return FileEntry(entry.folder, entry.file, entry.sha256, entry.bytes)


def read(folder: Path) -> Manifest:
    """The folder's manifest; WeightsError where it is missing, damaged or of another format."""
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}, expected {FORMAT}")
        trunk = _trunk(folder, data["trunk"])
        return Manifest(trunk, tuple(tail_of(folder, trunk.spec, item) for item in data["tails"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"{path} cannot be read as a manifest ({_reason(error)}); {remedy.for_damage(folder)}"
        ) from error


def _reason(error: Exception) -> str:
    """Why a manifest cannot be read, in one line."""
    if isinstance(error, OSError):
        return str(error.strerror)
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error) or type(error).__name__


def _trunk(folder: Path, data: dict[str, Any]) -> TrunkEntry:
    preprocess = Preprocess(
        mean=_triple(data["preprocess"]["mean"]),
        std=_triple(data["preprocess"]["std"]),
        size=(int(data["preprocess"]["size"][0]), int(data["preprocess"]["size"][1])),
    )
    channels, height, width = (int(side) for side in data["shape"])
    spec = TrunkSpec(
        name=_text(data["name"]),
        set=_text(data["set"]),
        cut=_text(data["cut"]),
        shape=(channels, height, width),
        digest=_text(data["digest"]),
        preprocess=preprocess,
    )
    return TrunkEntry(
        **vars(entry_of(folder, data)),
        spec=spec,
        card=entry_of(folder, data["card"]),
        probe=tuple(float(value) for value in data["probe"]),
    )


def entry_of(folder: Path, data: Mapping[str, Any]) -> FileEntry:
    """The file that `described` described. Raises ValueError for one that is not in the folder."""
    name = _text(data["file"])
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"{name!r} is no file of this folder")
    return FileEntry(folder, name, _text(data["sha256"]), int(data["bytes"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where text was expected")
    return value


def _triple(values: list[float]) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third


def tail_of(folder: Path, trunk: Place, data: Mapping[str, Any]) -> TailEntry:
    """The tail that `tail_data` described, behind the trunk at `trunk`."""
    return TailEntry(
        **vars(entry_of(folder, data)),
        trunk=trunk.name,
        set=trunk.set,
        cut=trunk.cut,
        shape=trunk.shape,
        task=_text(data["task"]),
        model=_text(data["model"]),
        labels_file=entry_of(folder, data["labels"]),
        card=entry_of(folder, data["card"]),
        accepts=tuple(_text(digest) for digest in data["accepts"]),
        digest=_text(data["digest"]),
        probe=tuple(float(value) for value in data["probe"]),
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
        **described(manifest.trunk),
        "probe": list(manifest.trunk.probe),
        "card": described(manifest.trunk.card),
    }
    tails = [tail_data(tail) for tail in sorted(manifest.tails, key=lambda tail: tail.task)]
    return json.dumps({"format": FORMAT, "trunk": trunk, "tails": tails}, indent=1) + "\n"


def tail_data(tail: TailEntry) -> dict[str, Any]:
    """A tail's entry as JSON; `tail_of` undoes it."""
    return {
        "task": tail.task,
        "model": tail.model,
        **described(tail),
        "labels": described(tail.labels_file),
        "accepts": list(tail.accepts),
        "digest": tail.digest,
        "probe": list(tail.probe),
        "card": described(tail.card),
        "metrics": dict(tail.metrics),
    }


def described(entry: FileEntry) -> dict[str, Any]:
    """A file's entry as JSON; `entry_of` undoes it."""
    return {"file": entry.file, "sha256": entry.sha256, "bytes": entry.bytes}
