"""The card of a pruned module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.train.cards import command
from trunkline_training.train.collection import Collection


def text(
    config: ModulePruning, spelled: str, found: Collection, metrics: Mapping[str, float]
) -> str:
    """In Markdown; `spelled` is the module's FILE.py:FUNCTION."""
    name, weights = Path(spelled).name, Path(config.weights).name if config.weights else ""
    learnt, validated = found.counts
    figures = "".join(f"  * {key}: {value:g}\n" for key, value in metrics.items())
    origin = f", with the weights of `{weights}`" if weights else ""
    return (
        f"# `{name}`, pruned\n\n"
        f"* Origin: the module that `{name}` gives{origin}.\n"
        "* Licence: Apache-2.0 for what this pruning changed; the module's own beside it.\n"
        f"* Pruning: {config.words}; then the classes of labelled pictures were learnt.\n"
        f"* Input: `image` (N, 3, {config.side}, {config.side}), RGB squashed to this size, each "
        "value v of 0..255 as (v / 255 - 0.5) / 0.25. Output: `logits` (N, classes), classes in "
        "their names' order.\n"
        f"* Data: {'; '.join(found.names)}. {learnt} pictures were learnt from, {validated} more "
        "chose the best epoch.\n"
        f"* Command: `{command(replace(config, weights=weights), f'prune module {name}')}`\n"
        "* Metrics (`_before`: the unpruned module's; `_change`: from it, paired, in points; "
        "`_low`, `_high`: 95 % of bootstrap resamples lie between; `_removed`: the share that is "
        f"gone; `ms`: milliseconds on the serving engine, both by turns):\n{figures}"
    )
