"""`trunkline prune module FILE.py:FUNCTION`: a smaller module that tells classes apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from trunkline.files import make_folder, write_bytes
from trunkline_training import bootstrap
from trunkline_training.datasets import CLASSES
from trunkline_training.figures import Metrics
from trunkline_training.progress import say
from trunkline_training.pruning import labelled, module_card, phases, reduce, source, speed
from trunkline_training.pruning.cost import figures
from trunkline_training.pruning.export import exported
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.module_job import right
from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.train import collection
from trunkline_training.train.job import SCORE

FILE, FIGURES, CARD = "module.onnx", "module.json", "module.md"


def prune(spelled: str, config: ModulePruning, resume: bool) -> Metrics:
    """Prune, train, write ONNX, figures and card into the output folder. Raises TrunklineError."""
    config.ready()
    with phases.begun(config, resume):
        return _pruned(spelled, config, resume)


def _pruned(spelled: str, config: ModulePruning, resume: bool) -> Metrics:
    classes = collection.class_names(config.data)
    found = labelled.parts(config, classes)
    whole = source.module_of(spelled, len(classes))
    if config.weights:
        source.load_weights(whole, Path(config.weights))
    example = torch.zeros(1, 3, config.side, config.side)
    source.answers_of(whole, example, len(classes))
    test = collection.pictures(config.test, CLASSES, classes)
    collection.refuse_overlap(found, test)
    parts = labelled.load(found.training, config.side), labelled.load(found.validation, config.side)
    reduced = reduce.reduce(config, whole, parts, resume)
    before, after = exported(whole, example), exported(reduced.module, example)
    metrics = {f"validation_{k}": v for k, v in reduced.validated.items() if k != SCORE}
    if test:
        metrics |= compared(whole, reduced.module, labelled.load(test, config.side))
    metrics |= figures(reduced.before, reduced.after)
    metrics |= speed.compare(before, after, parts[0].images[:1].numpy(), config.threads)
    rounded = {name: round(float(value), 4) for name, value in metrics.items()}
    card = module_card.text(config, spelled, found, rounded)
    _write(Path(config.output), after, rounded, card)
    return rounded


def compared(whole: torch.nn.Module, module: torch.nn.Module, test: Labelled) -> Metrics:
    """`top1`, `top1_before`, `top1_change` in points, with 95 % of paired resamples."""
    was, now = (100.0 * right(it, test) for it in (whole, module))
    low, high = bootstrap.mean_interval(now - was, 1)
    found = {"pictures": float(len(test)), "top1": float(np.mean(now))}
    found |= {"top1_before": float(np.mean(was)), "top1_change": float(np.mean(now - was))}
    return found | {"top1_change_low": low, "top1_change_high": high}


def _write(folder: Path, content: bytes, metrics: Metrics, card: str) -> None:
    make_folder(folder)
    write_bytes(folder / FILE, content)
    write_bytes(folder / CARD, card.encode())
    write_bytes(folder / FIGURES, (json.dumps(metrics, indent=1) + "\n").encode())
    say(f"wrote {folder / FILE}")
