"""`trunkline sweep`: accuracy against bytes."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from trunkline.command import Command
from trunkline_benchmarks.sweep import config, options


def run(arguments: argparse.Namespace) -> int:
    """Sweep, write tables, plots and the report; what was found goes to stdout."""
    from trunkline_benchmarks.sweep import outputs
    from trunkline_benchmarks.sweep.run import sweep

    swept = sweep(_config(arguments))
    if swept.note:
        print(f"trunkline sweep: {swept.note}", file=sys.stderr)
    outputs.write(swept)
    if arguments.json:
        print(json.dumps(outputs.document(swept)))
    else:
        print("\n".join(outputs.lines(swept)))
    return 0


def _config(arguments: argparse.Namespace) -> config.SweepConfig:
    from trunkline import trunks

    weights = trunks.kind(arguments.trunk).set_or_own(arguments.weights)
    name = f"{arguments.trunk}-{weights}-{arguments.task}"
    return config.SweepConfig(
        trunk=arguments.trunk,
        weights=weights,
        task=arguments.task,
        settings=tuple(options.asked(arguments)),
        data=arguments.data,
        split=arguments.split,
        limit=arguments.limit,
        jobs=arguments.jobs or config.cores(),
        output=arguments.output or Path("out", "sweep", name),
        cache=arguments.cache,
        seed=arguments.seed,
        command=shlex.join(["trunkline", *sys.argv[1:]]),
    )


command = Command(
    help="accuracy against bytes: the paper's tables on pictures of yours, with plots and a report",
    configure=options.configure,
    run=run,
    extra="bench",
    requires=("onnxruntime", "matplotlib"),
)
