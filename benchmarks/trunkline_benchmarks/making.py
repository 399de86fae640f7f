"""How good the tasks are that `trunkline task train` makes: both methods, several seeds.

    python -m trunkline_benchmarks.making --images cats_dogs/train --test cats_dogs/test --limit 100

Every seed learns from other pictures; the test pictures are the same for all.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline import files
from trunkline.markdown import table
from trunkline.trunks import Trunk
from trunkline_benchmarks import machine
from trunkline_training import pictures
from trunkline_training.making.commands.train import PRESETS
from trunkline_training.making.learning import make, parts, source, speed
from trunkline_training.making.learning.settings import FINETUNE, TRANSFER, Making
from trunkline_training.making.pictures import inspection, selection
from trunkline_training.making.pictures.check import Report
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.networks import running
from trunkline_training.progress import progress
from trunkline_training.train import options

BATCH = 16


def parser() -> argparse.ArgumentParser:
    """The flags: those of `task train`, and what is compared."""
    flags = argparse.ArgumentParser("trunkline_benchmarks.making", description=__doc__)
    flags.add_argument("--images", type=Path, required=True, help="pictures to learn from")
    flags.add_argument("--test", type=Path, required=True, help="pictures to test on")
    flags.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    flags.add_argument("--methods", nargs="+", default=[TRANSFER, FINETUNE])
    flags.add_argument("--preset", default="", help="settings to begin with")
    flags.add_argument("--json", type=Path, help="where every sample goes")
    options.add_flags(flags.add_argument_group("settings"), Making)
    return flags


def main(argv: Sequence[str]) -> int:
    """Make every task, print the table, keep the samples."""
    arguments = parser().parse_args(argv)
    given = {"test_share": 0.0, **options.given_flags(arguments, Making)}
    settings = options.collect(Making, PRESETS, arguments.preset, None, given)
    origin = source.load(settings)
    report = selection.sound(arguments.images)
    test = [item for item in inspection.inspect(arguments.test) if item.readable]
    features = features_of(origin.trunk, test)
    rows = []
    for method in arguments.methods:
        for seed in arguments.seeds:
            chosen = dataclasses.replace(settings, method=method, seed=seed)
            rows.append(sample(chosen, report, origin, test, features))
            print(rows[-1], file=sys.stderr, flush=True)
    head = ["method", "accuracy", "spread", "seconds"]
    print("\n".join(table(head, [_row(rows, method) for method in arguments.methods])))
    if arguments.json:
        document = {
            "machine": machine.describe(),
            "images": "/".join(arguments.images.resolve().parts[-2:]),
            "test": len(test),
            "settings": dataclasses.asdict(settings),
            "samples": rows,
        }
        files.write_bytes(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 0


def features_of(trunk: Trunk, items: Sequence[Item]) -> NDArray[np.float32]:
    """The trunk's tensors of pictures, (N, C, H, W)."""
    paths = [item.path for item in items]
    batches = pictures.batches(paths, [trunk.spec.preprocess], BATCH)
    total = -(-len(paths) // BATCH)
    return np.concatenate(
        [trunk.forward(batch) for (batch,) in progress(batches, total, "test pictures")]
    )


def sample(
    settings: Making,
    report: Report,
    origin: source.Source,
    test: Sequence[Item],
    features: NDArray[np.float32],
) -> dict[str, Any]:
    """Make one task and try it; `features` are the test pictures'."""
    start = time.perf_counter()
    found = parts.divide(report, settings)
    made = make.train(origin, found, settings, False)
    seconds = time.perf_counter() - start
    frozen = speed.measure(origin, settings)
    tail = running(made.content, settings.threads)
    logits = np.concatenate(
        [tail.run(features[at : at + BATCH])[0] for at in range(0, len(features), BATCH)]
    )
    said = [found.labels[index] for index in logits.argmax(axis=1)]
    right = [name == item.label for name, item in zip(said, test, strict=True)]
    return {
        "method": settings.method,
        "seed": settings.seed,
        "learnt": len(found.learnt),
        "accuracy": round(100 * mean(right), 3),
        "seconds": round(seconds, 1),
        "engine_ms": round(frozen.engine_ms, 2),
        "torch_ms": round(frozen.torch_ms, 2),
    }


def _row(rows: Sequence[dict[str, Any]], method: str) -> list[str]:
    own = [row for row in rows if row["method"] == method]
    found = [row["accuracy"] for row in own]
    spread = stdev(found) if len(found) > 1 else 0.0
    seconds = mean(row["seconds"] for row in own)
    return [method, f"{mean(found):.2f} %", f"{spread:.2f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
