"""Where what is pruned is read from, and where the smaller one goes."""

from __future__ import annotations

from pathlib import Path

from trunkline import trunks
from trunkline.errors import WeightsError
from trunkline.trunks import Trunk
from trunkline.types import TrunkSpec
from trunkline.weights import publish
from trunkline.weights.files import locked, system_errors
from trunkline.weights.manifest import NAME, Manifest, TailEntry, TrunkEntry
from trunkline.weights.store import ModelStore
from trunkline_training.progress import say
from trunkline_training.pruning.settings import Pruning


def store_of(config: Pruning) -> ModelStore:
    """The model folder of `--models`, or the user's store in front of the released bundle."""
    return ModelStore.of(Path(config.models) if config.models else None)


def trunk_of(config: Pruning) -> Trunk:
    """The trunk that the tail stands behind, or that is pruned."""
    return trunks.load(config.trunk, config.set, store=store_of(config), threads=config.threads)


def bring_trunk(root: Path, entry: TrunkEntry) -> None:
    """Put the trunk into the model folder `root` where it is not there yet.

    Raises WeightsError where another trunk of this name lies there.
    """
    if not (root / entry.name / entry.set / NAME).is_file():
        content, card = entry.verified_path().read_bytes(), entry.card.text()
        put_trunk(root, entry.spec, content, entry.probe, card)
        return
    _same(root, entry.spec, "which the tail is for")


def put_trunk(
    root: Path, spec: TrunkSpec, content: bytes, response: tuple[float, ...], card: str
) -> None:
    """Write a trunk into the model folder `root`; the tails of one that is there already stay.

    Raises WeightsError where another trunk of this name lies there.
    """
    folder = root / spec.name / spec.set
    with system_errors(f"write to {folder}"), locked(root, say):
        there = (folder / NAME).is_file()
        tails = _same(root, spec, "which is to be written") if there else ()
        written = publish.write_trunk(folder, spec, content, response, card)
        publish.write_manifest(folder, Manifest(written, tails))
    say(f"wrote {written.path}")


def _same(root: Path, spec: TrunkSpec, why: str) -> tuple[TailEntry, ...]:
    """The tails of the trunk that lies there. Raises WeightsError where it is another one."""
    found = ModelStore((root,)).manifest(spec.name, spec.set)
    if found.trunk.digest != spec.digest:
        raise WeightsError(
            f"{root / spec.name / spec.set} has the trunk {found.trunk.digest[:12]}: expected "
            f"{spec.digest[:12]}, {why}; give another --output"
        )
    return tuple(found.tails)
