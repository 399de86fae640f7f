"""Accuracy after pruning, by method and share, with the published figures beside.

    python -m trunkline_benchmarks.pruning --data cifar10/train --test cifar10/test \
        --work DIR --json OUT

The network is trained from scratch once, in --work; then every method removes filters from it and
trains what is left. What is done lies in --work: a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from trunkline import files
from trunkline.errors import ParameterError
from trunkline_benchmarks import machine
from trunkline_benchmarks.pruning.methods import METHODS, all_published, settings_of
from trunkline_benchmarks.pruning.samples import Bench
from trunkline_benchmarks.pruning.table import lines, summary
from trunkline_training.datasets import CLASSES
from trunkline_training.pruning import labelled, source
from trunkline_training.pruning.module_settings import WITHOUT, ModulePruning
from trunkline_training.train import collection, options
from trunkline_training.train.alone import alone
from trunkline_training.train.trainer import steady

NETWORK = f"{Path(__file__).with_name('vgg.py')}:vgg16"
PRESETS = "prune-module"
OURS = {"criterion", "replace", "macs_removed", "parameters_removed", "output", "run", "seed"}
"""Settings that the experiment sets, or that say nothing in it."""


def parser() -> argparse.ArgumentParser:
    """The flags, with those of `prune module`."""
    flags = argparse.ArgumentParser("trunkline_benchmarks.pruning", description=__doc__)
    flags.add_argument("--work", type=Path, required=True, help="folder for what is made")
    flags.add_argument("--json", type=Path, required=True, help="where the figures go")
    flags.add_argument("--network", default=NETWORK, help="FILE.py:FUNCTION (VGG16)")
    flags.add_argument("--methods", nargs="+", default=list(METHODS), help="%(default)s")
    flags.add_argument("--removed", type=float, nargs="+", default=[0.5, 0.7, 0.92])
    flags.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    flags.add_argument("--base-epochs", type=int, default=40, help="%(default)s")
    flags.add_argument("--base-lr", type=float, default=0.05, help="%(default)s")
    flags.add_argument("--preset", default="", help="settings to begin with")
    options.add_flags(flags.add_argument_group("settings"), ModulePruning, WITHOUT | OURS)
    return flags


def main(argv: Sequence[str]) -> int:
    """Train the base, make every sample that is not there yet; the table."""
    arguments = parser().parse_args(argv)
    config = _config(arguments)
    for method in arguments.methods:  # better now than behind hours of training
        replace(config, **settings_of(method, 0, 0), parameters_removed=0.5).ready()
    classes = collection.class_names(config.data)
    found = labelled.parts(config, classes)
    test = collection.pictures(config.test, CLASSES, classes)
    collection.refuse_overlap(found, test)
    parts = tuple(labelled.load(it, config.side) for it in (found.training, found.validation))
    bench = Bench(config, arguments.work, (parts[0], parts[1]), labelled.load(test, config.side))
    with alone(arguments.work):
        samples = _samples(bench, arguments, len(classes))
    rows = summary(samples)
    document = {
        "machine": machine.describe(),
        "settings": {**asdict(config), "base_epochs": arguments.base_epochs},
        "counts": [*found.counts, len(test)],
        "base_top1": 100 * samples[0]["base"].count("1") / len(test),
        "rows": rows,
        "samples": samples,
    }
    print(f"before: {document['base_top1']:.2f} % of {len(test)} test pictures\n")
    print("\n".join([*lines(rows), "", all_published()]))
    files.write_bytes(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 0


def _samples(bench: Bench, arguments: argparse.Namespace, classes: int) -> list[dict[str, Any]]:
    steady(bench.config)  # the first weights are drawn
    whole = source.module_of(arguments.network, classes)
    whole = bench.base(whole, arguments.base_epochs, arguments.base_lr)
    return [
        bench.sample(whole, method, removed, seed)
        for removed in arguments.removed
        for method in arguments.methods
        for seed in arguments.seeds
    ]


def _config(arguments: argparse.Namespace) -> ModulePruning:
    flags = options.given_flags(arguments, ModulePruning)
    config = options.collect(ModulePruning, PRESETS, arguments.preset, None, flags)
    if not config.test:
        raise ParameterError("test is not set: give --test FOLDER, whose pictures are compared on")
    return replace(config, run=str(arguments.work), output=str(arguments.work))
