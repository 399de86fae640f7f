"""`trunkline task eval FOLDER --images DIR`: what a packaged task is worth, in figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.command import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trunkline_training.making.trying.evaluation import Evaluation

REQUIRES = ("imagehash", "matplotlib", "onnxruntime")
CODECS = (*(f"bpg:qp={qp}" for qp in (20, 25, 30, 35, 40)), "webp:quality=80")


def configure(parser: argparse.ArgumentParser) -> None:
    """Task, pictures, codecs, and where the report goes."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the packaged task")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="pictures, one folder a class"
    )
    add_trial_flags(parser)
    parser.add_argument("--threads", type=int, default=0, help="of the engine (0: all cores)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_trial_flags(parser: argparse.ArgumentParser) -> None:
    """Codecs, and where the report goes."""
    parser.add_argument(
        "--codecs", nargs="*", default=CODECS, metavar="CODEC", help=f"({' '.join(CODECS)})"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT", help="(FOLDER.report: it names your pictures)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Try the task, write the report, print the figures."""
    from trunkline_training.making.pictures import selection
    from trunkline_training.making.trying import examination, report

    place = examination.place(arguments.report, arguments.folder, arguments.images)
    ways = examination.ways(arguments.codecs)
    tried = examination.begin(arguments.folder, threads=arguments.threads)
    found, about = tried.examine(arguments.images, selection.sound(arguments.images), ways, place)
    if arguments.json:
        print(json.dumps({"about": about, "report": str(place), **report.figures(found)}))
    else:
        print("\n".join([*(f"{key}: {value}" for key, value in about.items()), ""]))
        print("\n".join([*lines(found), f"report: {place / 'report.md'}"]))
    return 0


def lines(found: Evaluation) -> Iterator[str]:
    """A short table."""
    from trunkline_training.making.trying.report import signed, size, spread

    form = "{:18} {:>11}  {:24} {:24} {}"
    yield form.format("way", "frame bytes", "accuracy %", "against float", "macro F1 %")
    for way in found.ways:
        drop = signed(way.drops["accuracy"]) if way.drops else ""
        macro = f"{way.figures['f1'].value:.2f}"
        yield form.format(way.way, size(way), spread(way.figures["accuracy"]), drop, macro)
    yield f"expected calibration error {found.calibration.error:.2f} %"
    if found.absent:
        yield f"{len(found.absent)} labels have no pictures: they count in no macro figure"


command = Command(
    help="what a packaged task is worth: accuracy, drops by codec, calibration, mistakes",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
