"""`trunkline train release`: what a tail behind a convolution has of its own, for the bundle.

The rest of such a tail is the released one's, which is in the bundle already.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from trunkline.errors import WeightsError
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import TailEntry, described
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline.weights.publish import write_file
from trunkline.weights.recipes import PARTS, RELEASED_SET, RELEASED_TRUNK, stitch_name
from trunkline.weights.store import ModelStore
from trunkline_training.nets.entry import entering, entry
from trunkline_training.nets.places import EVERYWHERE
from trunkline_training.train.models import given_of


def release(models: Path, trunk: str, weights: str, task: str, output: Path) -> Path:
    """Write a tail's own layers, of the tail below `models`, and its card below `output`.

    Gives the folder. Raises WeightsError for a tail without a convolution before the released
    tail's layers, on another grid, or with layers of other shapes than those.
    """
    tail = ModelStore((models,)).tail(trunk, weights, task)
    given = given_of(tail)
    ours = given.convs
    if given.places != EVERYWHERE:
        raise WeightsError(
            f"{tail.path} works on fewer places than come in: expected all of the trunk's; release "
            "a tail that was made without --grid, --last-grid and --middle"
        )
    if STITCH not in ours:
        raise WeightsError(f"{tail.path} has no layer {STITCH}: expected a tail with a donor")
    base = ModelStore((output,)).tail(RELEASED_TRUNK, RELEASED_SET, task)
    theirs = given_of(base).convs
    own = {STITCH: ours[STITCH]}
    for name in sorted(set(ours) - {STITCH}):
        if name not in theirs or ours[name].weight.shape != theirs[name].weight.shape:
            raise WeightsError(
                f"{tail.path} has another {name} than {base.path}: expected one of its shape; "
                f"train with --start donor --donor {RELEASED_SET}"
            )
        if not _alike(ours[name], theirs[name]):
            own[name] = ours[name]
    folder = output / trunk / weights
    content = save(
        {
            f"{name}.{part}": array
            for name, conv in own.items()
            for part, array in zip(PARTS, (conv.weight, conv.bias), strict=True)
        }
    )
    tensor = entering(entry(tail.shape), STITCH in theirs)
    _describe(folder, tail, content, {"sha256": base.sha256, "tensor": tensor})
    return folder


def _alike(one: Conv, other: Conv) -> bool:
    return np.array_equal(one.weight, other.weight) and np.array_equal(one.bias, other.bias)


def _describe(folder: Path, tail: TailEntry, content: bytes, behind: dict[str, str]) -> None:
    file = write_file(folder, f"{tail.task}-stitch.safetensors", content)
    card = write_file(folder, f"{tail.task}.md", tail.card.text().encode())
    data = {
        "task": tail.task,
        "model": tail.model,
        **described(file),
        "behind": behind,
        "digest": tail.digest,
        "probe": list(tail.probe),
        "card": described(card),
        "metrics": dict(tail.metrics),
    }
    write_file(folder, stitch_name(tail.task), (json.dumps(data, indent=1) + "\n").encode())
