"""What a made task says of itself: its card, and where it comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from trunkline.weights import probe
from trunkline_training.making.learning.parts import Parts
from trunkline_training.making.learning.settings import FINETUNE, Making
from trunkline_training.making.learning.source import Source

HIDDEN = {"output", "run", "workers", "threads", "source"}
"""Settings that say where, not how."""
LIBRARIES = ("trunkline", "torch", "onnxruntime")


def method(settings: Making) -> str:
    """How the layers were trained."""
    if settings.method != FINETUNE:
        return "transfer learning: a new last layer on the frozen layers' pooled features"
    return (
        "fine-tuning: a new last layer on frozen layers, then it and the layers from "
        f"{settings.first_stage} on"
    )


def text(
    name: str, source: Source, parts: Parts, settings: Making, metrics: Mapping[str, float]
) -> str:
    """The card in Markdown."""
    spec = source.trunk.spec
    figures = "".join(f"  * {key}: {value:g}\n" for key, value in metrics.items())
    counts = f"{min(parts.counts.values())} to {max(parts.counts.values())}"
    return (
        f"# Task `{name}` for trunk `{spec.name}` / `{spec.set}`, cut `{spec.cut}`\n\n"
        f"* Origin: made from {source.name}: {source.origin}\n"
        "* Licence: the first weights' own; what the training changed is its maker's.\n"
        f"* Training: {method(settings)}; {settings.coded:.0%} of the features were seen behind "
        "BPG, as a task receives them.\n"
        f"* Data: {len(parts.learnt)} pictures of {len(parts.labels)} classes ({counts} of each) "
        f"were learnt from, {len(parts.chosen_by)} more chose the best epoch, {len(parts.held)} "
        "were kept for the test.\n"
        f"* Settings: {_settings(settings)}\n"
        "* Metrics (`validation_`: on the pictures that chose the epoch; the others on those kept "
        "for the test):\n"
        f"{figures}* Trunk digest: `{spec.digest}`\n{probe.text(source.trunk_entry.probe)}"
    )


def provenance(source: Source, parts: Parts, settings: Making) -> dict[str, Any]:
    """How the tail came to be; no picture is named."""
    return {
        "source": source.name,
        "settings": {k: v for k, v in dataclasses.asdict(settings).items() if k not in HIDDEN},
        "pictures": parts.counts,
        "chosen_by": len(parts.chosen_by),
        "test_share": settings.test_share,
        "seed": settings.seed,
        "learnt": parts.digest,
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _settings(settings: Making) -> str:
    values = dataclasses.asdict(settings).items()
    shown = {k: f"{v:g}" if isinstance(v, float) else v for k, v in values if k not in HIDDEN}
    return ", ".join(f"{name} {value}" for name, value in shown.items() if value != "")
