"""The model store: folders `ROOT/<trunk>/<set>/` with a manifest each. Light to import.

Roots in order: the user's (`TRUNKLINE_HOME`, else the user cache folder), then the released bundle
that comes with the package. The first root that holds a set wins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from trunkline.errors import WeightsError
from trunkline.weights import manifest, remedy
from trunkline.weights.manifest import Manifest, TailEntry, TrunkEntry


def home() -> Path:
    """Where built models and downloads go: `TRUNKLINE_HOME` or the user cache folder."""
    chosen = os.environ.get("TRUNKLINE_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("trunkline"))


def bundle_root() -> Path:
    """The released bundle: inside the installed package, or `models/` of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_models"
    return installed if installed.is_dir() else package.parents[1] / "models"


@dataclass(frozen=True)
class ModelStore:
    """Trunks and tails found under `roots`; the first root is the one that is written to."""

    roots: tuple[Path, ...]

    @classmethod
    def default(cls) -> ModelStore:
        """The user's store in front of the released bundle."""
        return cls((home() / "models", bundle_root()))

    @classmethod
    def of(cls, folder: Path | None) -> ModelStore:
        """A model folder alone; where none is named, `default`."""
        return cls.default() if folder is None else cls((folder,))

    def manifests(self) -> list[Manifest]:
        """Every readable folder, one per (trunk, set), sorted by name; see `damaged`."""
        return self._read()[0]

    def damaged(self) -> dict[Path, str]:
        """What `manifests` leaves out: each manifest, or root, that cannot be read, and why.

        A damaged folder hides one of the same name in a later root, as a whole one does.
        """
        return self._read()[1]

    def _read(self) -> tuple[list[Manifest], dict[Path, str]]:
        found: dict[tuple[str, str], Manifest | None] = {}
        damaged: dict[Path, str] = {}
        for root in self.roots:
            try:
                paths = sorted(root.glob(f"*/*/{manifest.NAME}"))
            except OSError as error:
                damaged[root] = _unusable(root, error)
                continue
            for path in paths:
                key = (path.parent.parent.name, path.parent.name)
                if key in found:
                    continue
                try:
                    found[key] = manifest.read(path.parent)
                except WeightsError as error:
                    found[key], damaged[path] = None, str(error)
        return [item for _, item in sorted(found.items()) if item is not None], damaged

    def trunks(self) -> list[TrunkEntry]:
        """Every trunk of the store."""
        return [item.trunk for item in self.manifests()]

    def tails(self) -> list[TailEntry]:
        """Every tail of the store."""
        return [tail for item in self.manifests() for tail in item.tails]

    def trunk(self, name: str, set: str) -> TrunkEntry:
        """One trunk; WeightsError that lists what exists where it does not."""
        return self.manifest(name, set).trunk

    def tail(self, trunk: str, set: str, task: str) -> TailEntry:
        """One tail; WeightsError that lists the pairs that exist where it does not."""
        found = [tail for tail in self.manifest(trunk, set).tails if tail.task == task]
        if not found:
            pairs = [f"{tail.task} on {tail.trunk}/{tail.set}" for tail in self.tails()]
            raise WeightsError(
                f"no tail {task!r} for trunk {trunk}/{set}: the pairs that exist are "
                f"{_listed(pairs)}; choose one, or {remedy.sets()}"
            )
        return found[0]

    def manifest(self, name: str, set: str) -> Manifest:
        """One folder's manifest; WeightsError that lists what exists where there is none."""
        for root in self.roots:
            try:
                there = (root / name / set / manifest.NAME).exists()
            except OSError as error:
                raise WeightsError(_unusable(root, error)) from error
            if there:
                return manifest.read(root / name / set)
        names = [f"{item.name}/{item.set}" for item in self.trunks()]
        raise WeightsError(
            f"no trunk {name}/{set} in {_listed([str(root) for root in self.roots])}: "
            f"there is {_listed(names)}; {remedy.for_missing(name, set)}"
        )


def _unusable(root: Path, error: OSError) -> str:
    return (
        f"{root} cannot be read: {error.strerror}; make it readable, or name another folder with "
        "TRUNKLINE_HOME"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "nothing"
