"""The experiment: the base, every sample, the table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from torch import nn

from trunkline import files
from trunkline_benchmarks import machine
from trunkline_benchmarks.pruning import jobs
from trunkline_benchmarks.pruning.experiment import opened
from trunkline_benchmarks.pruning.flags import parser
from trunkline_benchmarks.pruning.methods import all_published
from trunkline_benchmarks.pruning.samples import Bench, Wanted
from trunkline_benchmarks.pruning.table import lines, summary
from trunkline_training.train.alone import alone


def main(argv: Sequence[str]) -> int:
    """Train the base, make every sample that is not there yet; the table."""
    arguments = parser().parse_args(argv)
    bench, whole = opened(arguments)
    with alone(arguments.work):
        samples = _samples(bench, whole, arguments, argv)
    rows, tested = summary(samples), len(bench.test)
    document = {
        "machine": machine.describe(),
        "settings": {**asdict(bench.config), "base_epochs": arguments.base_epochs},
        "counts": [*map(len, bench.parts), tested],
        "base_top1": 100 * samples[0]["base"].count("1") / tested,
        "rows": rows,
        "samples": samples,
    }
    print(f"before: {document['base_top1']:.2f} % of {tested} test pictures\n")
    print("\n".join([*lines(rows), "", all_published()]))
    files.write_bytes(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 0


def _samples(
    bench: Bench, whole: nn.Module, arguments: argparse.Namespace, argv: Sequence[str]
) -> list[dict[str, Any]]:
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
