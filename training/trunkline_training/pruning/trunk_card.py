"""The card of a pruned trunk."""

from __future__ import annotations

from trunkline.types import TrunkSpec
from trunkline.weights.manifest import TrunkEntry
from trunkline_training.figures import Metrics
from trunkline_training.pruning.settings import TrunkPruning
from trunkline_training.train.cards import LICENCE, command
from trunkline_training.train.collection import Collection
from trunkline_training.train.models import terms


def text(
    config: TrunkPruning,
    spec: TrunkSpec,
    origin: TrunkEntry,
    collected: Collection,
    metrics: Metrics,
) -> str:
    """In Markdown; `origin` is the unpruned trunk."""
    learnt, validated = collected.counts
    figures = "".join(f"  * {name}: {value:g}\n" for name, value in metrics.items())
    return (
        f"# Trunk `{spec.name}` / `{spec.set}`, cut `{spec.cut}`\n\n"
        f"`{origin.name}` / `{origin.set}`, pruned.\n\n"
        f"* Origin: the trunk {origin.name} / {origin.set} of digest `{origin.digest}`; "
        f"{terms(origin.card.text())}\n"
        f"{LICENCE.format('pruning')}\n"
        f"* Pruning: {config.words}; then the unpruned trunk's features of unlabelled pictures "
        "were learnt.\n"
        f"* Data: {'; '.join(collected.names)}. {learnt} pictures were learnt from, {validated} "
        "more chose the best epoch.\n"
        f"* Command: `{command(config, 'prune trunk')}`\n"
        "* Metrics (`validation_apart`: share of the features' variance that is not met; `ms`: "
        f"on the serving engine, `_before` the unpruned trunk in the same run):\n{figures}"
        f"* Trunk digest: `{spec.digest}`\n"
    )
