"""Source networks that a task could start from: a trunk, a classifier's tail, its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline import engines, trunks
from trunkline.engines.abc import Network
from trunkline.errors import WeightsError
from trunkline.trunks import Trunk
from trunkline.weights import package
from trunkline.weights.manifest import TailEntry
from trunkline.weights.package import CLASSIFIER
from trunkline.weights.store import ModelStore


@dataclass(frozen=True, eq=False)
class Candidate:
    """A whole source network. `labels` name its logits; `entry` is None for a random tail."""

    name: str
    trunk: Trunk
    tail: Network
    labels: tuple[str, ...]
    entry: TailEntry | None = None


class Sources:
    """The networks of a model store; a trunk is loaded once, however many tails it has."""

    def __init__(self, store: ModelStore, threads: int = 0) -> None:
        self._store, self._threads = store, threads
        self._trunks: dict[tuple[str, str], Trunk] = {}

    def trunk(self, name: str, set: str) -> Trunk:
        """A trunk of the store. Raises WeightsError."""
        key = (name, set)
        if key not in self._trunks:
            self._trunks[key] = trunks.load(name, set, store=self._store, threads=self._threads)
        return self._trunks[key]

    def stored(self) -> list[Candidate]:
        """Every classifier's tail of the store. Raises WeightsError for damaged files."""
        entries = [tail for tail in self._store.tails() if tail.task == CLASSIFIER]
        return [self._candidate(f"{it.task}@{it.trunk}/{it.set}", it) for it in entries]

    def packaged(self, folder: Path) -> Candidate:
        """The packaged task in a folder, behind the trunk that the store has for it.

        Raises WeightsError for another kind of task and for a trunk that it does not accept.
        """
        found = package.read(folder)
        if found.kind != CLASSIFIER:
            raise WeightsError(
                f"{folder} is a task of the kind {found.kind}: expected a {CLASSIFIER}; "
                "leave it out of --source"
            )
        return self._candidate(f"{folder}@{found.tail.trunk}/{found.tail.set}", found.tail)

    def _candidate(self, name: str, entry: TailEntry) -> Candidate:
        trunk = self.trunk(entry.trunk, entry.set)
        package.require_fit(entry, trunk.spec, name)
        path = entry.verified_path()
        tail = engines.load(engines.DEFAULT_ENGINE, path, threads=self._threads)
        return Candidate(name, trunk, tail, entry.labels(), entry)


def labels_of(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The labels of the first candidate out of the store: ImageNet's. Raises WeightsError."""
    for candidate in candidates:
        if candidate.entry is not None:
            return candidate.labels
    raise WeightsError(
        "no classifier in the model store: run trunkline weights build, or name packaged tasks "
        "with --source"
    )
