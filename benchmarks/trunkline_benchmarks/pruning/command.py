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
from typing import Any

from trunkline import files
from trunkline_benchmarks import machine
from trunkline_benchmarks.pruning import jobs
from trunkline_benchmarks.pruning.experiment import Experiment, opened
from trunkline_benchmarks.pruning.flags import config_of, parser
from trunkline_benchmarks.pruning.methods import all_published, settings_of
from trunkline_benchmarks.pruning.samples import Wanted
from trunkline_benchmarks.pruning.table import lines, summary
from trunkline_training.train.alone import alone


def main(argv: Sequence[str]) -> int:
    """Train the base, make every sample that is not there yet; the table."""
    arguments = parser().parse_args(argv)
    config = config_of(arguments)
    for method in arguments.methods:  # better now than behind hours of training
        replace(config, **settings_of(method, 0, 0), parameters_removed=0.5).ready()
    experiment = opened(arguments)
    with alone(arguments.work):
        samples = _samples(experiment, arguments, argv)
    rows, tested = summary(samples), experiment.counts[-1]
    document = {
        "machine": machine.describe(),
        "settings": {**asdict(config), "base_epochs": arguments.base_epochs},
        "counts": experiment.counts,
        "base_top1": 100 * samples[0]["base"].count("1") / tested,
        "rows": rows,
        "samples": samples,
    }
    print(f"before: {document['base_top1']:.2f} % of {tested} test pictures\n")
    print("\n".join([*lines(rows), "", all_published()]))
    files.write_bytes(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 0


def _samples(
    experiment: Experiment, arguments: argparse.Namespace, argv: Sequence[str]
) -> list[dict[str, Any]]:
    bench, whole = experiment.bench, experiment.whole
    bench.base(whole, arguments.base_epochs, arguments.base_lr)
    wanted = [
        Wanted(method, removed, seed)
        for removed in arguments.removed
        for method in arguments.methods
        for seed in arguments.seeds
    ]
    left = [it for it in wanted if not bench.path(it).is_file()]
    if left and arguments.jobs != 1:
        jobs.make(argv, left, arguments.jobs)
    return [bench.sample(whole, it) for it in wanted]
