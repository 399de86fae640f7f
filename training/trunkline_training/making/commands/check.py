"""`trunkline task check DIR`: what a folder of pictures is worth as a task's data."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.command import Command
from trunkline.text import shown

if TYPE_CHECKING:
    from trunkline_training.making.pictures import check

REQUIRES = ("imagehash",)
SHARE, SEED = 0.2, 0


def configure(parser: argparse.ArgumentParser) -> None:
    """The folder and how it is split."""
    parser.add_argument("images", type=Path, metavar="DIR", help="one folder a class")
    parser.add_argument("--test-share", type=float, default=SHARE, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the split (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print classes and findings; 1 where no task can be made of them."""
    from trunkline_training.making.pictures import check, inspection, listing, split

    root, fewest = arguments.images, split.fewest(arguments.test_share)
    report = check.check(list(inspection.inspect(root)), listing.folders(root), fewest)
    learnt, held = split.split(report.usable, arguments.test_share, arguments.seed)
    if arguments.json:
        document = {
            "classes": report.counts,
            "sound": report.sound,
            "findings": [dataclasses.asdict(finding) for finding in report.findings],
            "training": [item.name for item in learnt],
            "test": [item.name for item in held],
        }
        print(json.dumps(document))
    else:
        print("\n".join(_lines(report, len(learnt), len(held))))
    return 0 if report.sound else 1


def _lines(report: check.Report, learnt: int, held: int) -> list[str]:
    return [
        f"{len(report.counts)} classes, {len(report.usable)} usable pictures",
        *(f"  {count:6} {shown(name)}" for name, count in report.counts.items()),
        f"split: {learnt} to learn from, {held} to test on",
        *(line for finding in report.findings for line in finding.lines()),
    ]


command = Command(
    help="what a folder of pictures is worth as a task's data",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
