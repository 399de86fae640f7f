"""Scores what a fit made and puts it into a model folder: ONNX, labels, card, metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import save

from trunkline.weights import build
from trunkline.weights.conv import Conv
from trunkline.weights.files import Report
from trunkline.weights.manifest import described
from trunkline.weights.publish import TailDraft, add_tail, write_file
from trunkline.weights.recipes import RELEASED_SET, STITCH, STITCH_BIAS, STITCH_WEIGHT
from trunkline_training import cards, classifier, networks, scoring, ssd
from trunkline_training.classifier import ClassifierFit
from trunkline_training.coco import LABELS
from trunkline_training.networks import Fitted
from trunkline_training.scoring import Metrics, Pair
from trunkline_training.ssd import SsdFit

STITCH_FILE = "ssd-stitch.safetensors"


def fit_classifier(config: ClassifierFit, output: Path, report: Report) -> Metrics:
    """Fit, score and write a classifier tail below `output`; its metrics."""
    fitted = classifier.fit(config, report)
    draft = _draft("classifier", fitted, imagenet_labels(), config.data, config.threads)
    weights = fitted.weights
    add_tail(output, weights.trunk, weights.name, draft, report)
    return _metrics_file(output, fitted, draft)


def fit_ssd(config: SsdFit, output: Path, report: Report) -> Metrics:
    """Fit, score and write a detector below `output`; its metrics.

    The set that is released whole gets the whole tail, any other only its convolution, which
    `trunkline weights build` puts into the released tail.
    """
    fitted, conv = ssd.fit(config, report)
    draft = _draft("ssd", fitted, LABELS, config.data, config.threads)
    weights = fitted.weights
    if weights.name == RELEASED_SET:
        add_tail(output, weights.trunk, weights.name, draft, report)
    else:
        write_stitch(output / weights.trunk / weights.name, draft, conv)
    return _metrics_file(output, fitted, draft)


def write_stitch(folder: Path, draft: TailDraft, conv: Conv) -> None:
    """Write a detector's convolution alone, with what pairs it to its trunk."""
    content = save({STITCH_WEIGHT: conv.weight, STITCH_BIAS: conv.bias})
    file = write_file(folder, STITCH_FILE, content)
    card = write_file(folder, f"{draft.task}.md", draft.card.encode())
    data = {
        "task": draft.task,
        "model": draft.model,
        **described(file),
        "digest": draft.digest,
        "probe": list(draft.probe),
        "card": described(card),
        "metrics": dict(draft.metrics),
    }
    write_file(folder, STITCH, (json.dumps(data, indent=1) + "\n").encode())


def imagenet_labels() -> Sequence[str]:
    """ImageNet's 1000 class names, as torchvision lists them."""
    from torchvision.models import MobileNet_V2_Weights

    names: list[str] = MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
    return names


MODELS = {
    "classifier": "MobileNetV2 1.0 with a ridge-regression layer",
    "ssd": "SSDLite MobileNetV2, COCO, at 224x224",
}


def _draft(task: str, fitted: Fitted, labels: Sequence[str], data: Path, threads: int) -> TailDraft:
    weights = fitted.weights
    trunk = networks.trunk(weights, fitted.network, threads)
    pair = Pair(trunk, networks.running(fitted.content, threads), labels)
    metrics = {**scoring.score(task, pair, data), **fitted.metrics}
    response = build.respond(weights.trunk_model(fitted.network), weights)
    return TailDraft(
        task=task,
        model=f"{MODELS[task]} ({weights.name})",
        content=fitted.content,
        labels=labels,
        digest=trunk.spec.digest,
        probe=response,
        card=cards.card(task, trunk.spec, response, metrics),
        metrics=metrics,
    )


def _metrics_file(output: Path, fitted: Fitted, draft: TailDraft) -> Metrics:
    metrics = dict(draft.metrics)
    folder = output / fitted.weights.trunk / fitted.weights.name
    text = json.dumps({"task": draft.task, "trunk": draft.digest, **metrics}, indent=1)
    write_file(folder, f"{draft.task}.metrics.json", f"{text}\n".encode())
    return metrics
