"""How `build` comes by a set's tails. A recipe gives a draft, or None where there is none to give.

The released bundle is the one place our own training's work is taken from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trunkline.errors import WeightsError
from trunkline.weights import probe, sets
from trunkline.weights.conv import Half
from trunkline.weights.files import Report
from trunkline.weights.manifest import entry_of
from trunkline.weights.publish import TailDraft, draft_of
from trunkline.weights.sets import Network, WeightSet
from trunkline.weights.store import ModelStore, bundle_root

RELEASED_SET = "keras-160"
STITCH = "stitch.json"
STITCH_WEIGHT, STITCH_BIAS = "stitch.weight", "stitch.bias"
"""Names of the initialisers of the one convolution that ties a detector to its trunk."""


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
    return _bundled(context, context.weights.name, task)


def rest_of_network(context: Context, task: str) -> TailDraft | None:
    """The published network from the cut to its own last layer."""
    from trunkline.weights import mobilenet_v2

    if context.network.linear is None:
        raise WeightsError(f"{context.weights.name} has no last layer: expected a whole network")
    labels = _bundled(context, RELEASED_SET, "classifier")
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
    """The released detector with the convolution in front of it replaced by this trunk's own."""
    base = _bundled(context, RELEASED_SET, task)
    folder = bundle_root() / context.weights.trunk / context.weights.name
    if base is None or not (folder / STITCH).is_file():
        context.report(f"{task}: no released stitch for {context.weights.name}")
        return None
    data = json.loads((folder / STITCH).read_text(encoding="utf-8"))
    return replace(
        base,
        model=data["model"],
        content=restitch(base.content, read_stitch(folder, data)),
        digest=data["digest"],
        probe=tuple(data["probe"]),
        card=entry_of(folder, data["card"]).text(),
        accepts=(),
        metrics=data["metrics"],
    )


def read_stitch(folder: Path, data: Mapping[str, Any]) -> dict[str, Half]:
    """The stitch's two arrays, checked; WeightsError where the file is damaged."""
    from safetensors.numpy import load_file

    path = entry_of(folder, data).verified_path()
    return {name: np.asarray(array, np.float16) for name, array in load_file(path).items()}


def restitch(content: bytes, arrays: Mapping[str, Half]) -> bytes:
    """An ONNX model with the initialisers of these names replaced by arrays of the same shape."""
    import onnx

    model = onnx.load_from_string(content)
    found = {item.name: item for item in model.graph.initializer}
    for name, array in arrays.items():
        if name not in found or tuple(found[name].dims) != array.shape:
            raise WeightsError(f"the model has no {name} of shape {array.shape} to replace")
        found[name].CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
    return bytes(model.SerializeToString(deterministic=True))


def _bundled(context: Context, weights: str, task: str) -> TailDraft | None:
    try:
        entry = ModelStore((bundle_root(),)).tail(context.weights.trunk, weights, task)
    except WeightsError:
        context.report(f"{task}: the released bundle has none, so none is written")
        return None
    return draft_of(entry)
