"""Where what is pruned is read from, and where the smaller one goes."""

from __future__ import annotations

from pathlib import Path

from trunkline import trunks
from trunkline.errors import WeightsError
from trunkline.trunks import Trunk
from trunkline.weights import publish
from trunkline.weights.files import locked, system_errors
from trunkline.weights.manifest import NAME, Manifest, TrunkEntry
from trunkline.weights.store import ModelStore
from trunkline_training.progress import say
from trunkline_training.pruning.settings import Pruning


def store_of(config: Pruning) -> ModelStore:
    """The model folder of `--models`, or the user's store in front of the released bundle."""
    return ModelStore((Path(config.models),)) if config.models else ModelStore.default()


def trunk_of(config: Pruning) -> Trunk:
    """The trunk that the tail stands behind, or that is pruned."""
    return trunks.load(config.trunk, config.set, store=store_of(config), threads=config.threads)


def bring_trunk(root: Path, entry: TrunkEntry) -> None:
    """Put the trunk into the model folder `root` where it is not there yet.

    Raises WeightsError where another trunk of this name lies there.
    """
    folder = root / entry.name / entry.set
    if (folder / NAME).is_file():
        found = ModelStore((root,)).trunk(entry.name, entry.set)
        if found.digest != entry.digest:
            raise WeightsError(
                f"{folder} has the trunk {found.digest[:12]}: expected {entry.digest[:12]}, which "
                "the tail is for; give another --output"
            )
        return
    content, card = entry.verified_path().read_bytes(), entry.card.text()
    with system_errors(f"write to {folder}"), locked(root, say):
        written = publish.write_trunk(folder, entry.spec, content, entry.probe, card)
        publish.write_manifest(folder, Manifest(written, ()))
    say(f"wrote {written.path}")
