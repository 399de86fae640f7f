"""The card that a training writes for its tail."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.types import TrunkSpec
from trunkline.weights import probe
from trunkline_training.datasets import called
from trunkline_training.nets.places import EVERYWHERE, Places
from trunkline_training.train.config import Training

HIDDEN = {"run", "cache", "output", "models", "workers", "checkpoint_steps"}
"""Settings that say where, not how."""
LICENCE = "* Licence: Apache-2.0 for what this {} changed; the first weights' own beside it."
"""The line of every card of a tail or trunk that was trained or pruned."""


@dataclass(frozen=True)
class Story:
    """What a card tells of a training, but for its figures.

    `origin` says where the first weights are from and under which licence; `legend`, what figures
    mean that other trainings do not have; `places`, on how many of the trunk's the tail works.
    """

    title: str
    origin: str
    method: str
    pictures: Sequence[str]
    counts: tuple[int, int]
    labels: str
    legend: str = ""
    places: Places = EVERYWHERE


def card(
    config: Training,
    kind: str,
    story: Story,
    spec: TrunkSpec,
    response: Sequence[float],
    metrics: Mapping[str, Any],
) -> str:
    """The card in Markdown. `kind` is the subcommand, such as `train ssd`."""
    learnt, validated = story.counts if config.epochs else (0, story.counts[1])
    figures = "".join(f"  * {name}: {value:g}\n" for name, value in metrics.items())
    return (
        f"# Tail `{config.task}` for trunk `{spec.name}` / `{spec.set}`, cut `{spec.cut}`\n\n"
        f"{story.title}.\n\n"
        f"* Origin: {story.origin}\n"
        f"{LICENCE.format('training')}\n"
        f"* Training: {story.method}{_coded(config)}.\n"
        f"{_placed_on(story.places)}"
        f"* Data: {'; '.join(story.pictures)}. {learnt} pictures were learnt from, {validated} "
        "more chose the best epoch.\n"
        f"* Labels: {story.labels}\n"
        f"* Command: `{command(config, kind)}`\n"
        f"* Settings: {_settings(config)}\n"
        "* Metrics (`_low`, `_high`: 95 % of bootstrap resamples lie between; `_8bit`, `_bpg35`: "
        "behind 8-bit and BPG-coded features; `_drop`: paired, in points; `validation_`: on the "
        f"training's own part{story.legend}):\n"
        f"{figures}* Trunk digest: `{spec.digest}`\n{probe.text(response)}"
    )


def _placed_on(places: Places) -> str:
    return "" if places == EVERYWHERE else f"* Places: {places.words}.\n"


def _coded(config: Training) -> str:
    if not config.coded:
        return ""
    return f"; {config.coded:.0%} of the features were seen behind BPG, as a task receives them"


def command(config: Training, kind: str) -> str:
    """The command without what lies elsewhere on each machine."""
    parts = ["trunkline", *kind.split()]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value == field.default or field.name in HIDDEN:
            continue
        flag = f"--{field.name.replace('_', '-')}"
        if isinstance(value, bool):
            parts.append(flag if value else f"--no-{flag[2:]}")
        elif isinstance(value, tuple):
            parts += [flag, *(_placed(str(item)) for item in value)]
        else:
            parts += [flag, str(value)]
    return shlex.join([*parts, "--run", "RUN", "--output", "models"])


def _placed(item: str) -> str:
    """A folder of pictures without what lies above it."""
    return f"DATA/{called(Path(item))}" if "/" in item else item


def _settings(config: Training) -> str:
    hidden = HIDDEN | {"data", "test"}
    values = {
        k: v for k, v in dataclasses.asdict(config).items() if k not in hidden and v not in ("", ())
    }
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
