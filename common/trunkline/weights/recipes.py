"""How `build` comes by a set's tails. A recipe gives a draft, or None where there is none to give.

The released bundle is the one place our own training's work is taken from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trunkline.errors import WeightsError
from trunkline.weights import probe, sets
from trunkline.weights.conv import Conv
from trunkline.weights.files import Report
from trunkline.weights.manifest import entry_of
from trunkline.weights.publish import TailDraft, draft_of
from trunkline.weights.sets import Network, WeightSet
from trunkline.weights.store import ModelStore, bundle_root

RELEASED_SET = "keras-160"
RELEASED_TRUNK = "mobilenet_v2"
PARTS = ("weight", "bias")
"""Names of a layer's arrays, behind its own, in the file of a stitch."""


@dataclass(frozen=True, eq=False)
class Context:
    """The trunk at hand: its set, its network as read, its digest and probe responses."""

    weights: WeightSet
    network: Network
    digest: str
    response: tuple[float, ...]
    report: Report


Recipe = Callable[[Context, str], TailDraft | None]


def released(context: Context, task: str) -> TailDraft | None:
    """The tail of this very set in the released bundle."""
    return _bundled(context, context.weights.trunk, context.weights.name, task)


def rest_of_network(context: Context, task: str) -> TailDraft | None:
    """The published network from the cut to its own last layer."""
    from trunkline.weights import mobilenet_v2

    if context.network.linear is None:
        raise WeightsError(f"{context.weights.name} has no last layer: expected a whole network")
    labels = _bundled(context, RELEASED_TRUNK, RELEASED_SET, "classifier")
    if labels is None:
        return None
    weights = context.weights
    weight, bias = context.network.linear
    card = (
        f"# Tail `{task}` of {weights.model}\n\nThe rest of the same network.\n\n{weights.card}"
        f"* Command: `trunkline weights build --trunk {weights.trunk} --set {weights.name}`\n"
        f"* Trunk digest: `{context.digest}`\n{probe.text(context.response)}"
    )
    return TailDraft(
        task=task,
        model=weights.model,
        content=mobilenet_v2.classifier_model(context.network.convs, weight, bias, weights.padding),
        labels=labels.labels,
        digest=context.digest,
        probe=context.response,
        card=card,
        # `build` has shown this trunk to be that network, in whichever form the file holds it
        accepts=(context.digest, sets.reference(weights).digest),
    )


def stitched(context: Context, task: str) -> TailDraft | None:
    """The released tail's later layers, some of them with other weights, behind a convolution that
    was made for this trunk."""
    from trunkline.weights import splice

    weights = context.weights
    base = _bundled(context, RELEASED_TRUNK, RELEASED_SET, task)
    folder = bundle_root() / weights.trunk / weights.name
    path = folder / stitch_name(task)
    if base is None or not path.is_file():
        context.report(f"{task}: no released stitch for {weights.name}")
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    found = hashlib.sha256(base.content).hexdigest()
    if found != data["behind"]["sha256"]:
        raise WeightsError(
            f"{path} is for a released tail {task} of sha256 {data['behind']['sha256']}: "
            f"the bundle's has {found}; install the project again"
        )
    convs = read_layers(folder, data)
    return replace(
        base,
        model=data["model"],
        content=splice.behind(base.content, data["behind"]["tensor"], weights.shape, convs),
        digest=data["digest"],
        probe=tuple(data["probe"]),
        card=entry_of(folder, data["card"]).text(),
        accepts=(),
        metrics=data["metrics"],
    )


def stitch_name(task: str) -> str:
    """The file that describes a task's released stitch."""
    return f"{task}.stitch.json"


def read_layers(folder: Path, data: Mapping[str, Any]) -> dict[str, Conv]:
    """What differs from the released tail, checked; WeightsError where the file is damaged."""
    from safetensors.numpy import load_file

    arrays = load_file(entry_of(folder, data).verified_path())
    names = dict.fromkeys(name.rpartition(".")[0] for name in arrays)
    return {
        name: Conv(*(np.asarray(arrays[f"{name}.{part}"], np.float16) for part in PARTS))
        for name in names
    }


def _bundled(context: Context, trunk: str, weights: str, task: str) -> TailDraft | None:
    try:
        entry = ModelStore((bundle_root(),)).tail(trunk, weights, task)
    except WeightsError:
        context.report(f"{task}: the released bundle has none, so none is written")
        return None
    return draft_of(entry)
