"""`trunkline task eval FOLDER --images DIR`: what a packaged task is worth, in figures."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.command import Command
from trunkline.errors import MissingExtraError, TrunklineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trunkline.weights.package import Package
    from trunkline_training.making.evaluation import Evaluation
    from trunkline_training.making.inspection import Item
    from trunkline_training.making.line import Line, Way

REQUIRES = ("imagehash", "matplotlib", "openvino")
CODECS = (*(f"bpg:qp={qp}" for qp in (20, 25, 30, 35, 40)), "webp:quality=80")
WITHOUT_BPG = "--codecs webp:quality=80"


def configure(parser: argparse.ArgumentParser) -> None:
    """Task, pictures, codecs, and where the report goes."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the packaged task")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="pictures, one folder a class"
    )
    parser.add_argument(
        "--codecs", nargs="*", default=CODECS, metavar="CODEC", help=f"({' '.join(CODECS)})"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT", help="(FOLDER.report: it names your pictures)"
    )
    parser.add_argument("--threads", type=int, default=0, help="of the engine (0: all cores)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Try the task, write the report, print the figures."""
    from trunkline.files import make_folder
    from trunkline.weights import package as packages
    from trunkline_training.making import evaluation, report
    from trunkline_training.making.line import load
    from trunkline_training.making.tested import tested

    root: Path = arguments.images
    out = _out(arguments.report, arguments.folder, root)
    package = packages.read(arguments.folder)
    ways = _ways(arguments.codecs)
    line = load(package, threads=arguments.threads)
    usable, left_out = _usable(root)
    chosen = tested(usable, package.provenance)
    evaluation.true_labels(line.labels, chosen.items)
    make_folder(out)
    found = evaluation.evaluate(line, chosen.items, ways)
    about = _about(package, line, f"{root}: {chosen.words}", left_out)
    report.write(out, found, f"Evaluation of {package.tail.task}", about)
    if arguments.json:
        document = {"about": about, "report": str(out), **report.figures(found)}
        print(json.dumps(document))
    else:
        print("\n".join([*(f"{key}: {value}" for key, value in about.items()), ""]))
        print("\n".join([*_lines(found), f"report: {out / 'report.md'}"]))
    return 0


def _out(given: Path | None, folder: Path, root: Path) -> Path:
    """Where the report goes. Raises TrunklineError for a place where it does harm."""
    package = Path(os.path.abspath(folder))  # `.` and `..` have no name to append to
    out = given or package.with_name(f"{package.name}.report")
    for place, harm in ((folder, "it would leave with the task"), (root, "it would be a class")):
        if out.resolve().is_relative_to(place.resolve()):
            raise TrunklineError(
                f"the report would lie in {place}, where {harm}: name another folder with --report"
            )
    return out


def _ways(spelled: Sequence[str]) -> tuple[Way, ...]:
    """8 bits and the codecs. Raises ParameterError and kin, TrunklineError without BPG."""
    from trunkline_training.making import line

    try:
        return (line.eight_bits(), *line.ways(spelled))
    except MissingExtraError as error:
        raise TrunklineError(f"{error}; or try others: {WITHOUT_BPG}") from error


def _usable(root: Path) -> tuple[Sequence[Item], int]:
    """The pictures that can be used and how many files cannot. Raises TrunklineError for no set."""
    from trunkline_training.making import check, inspection

    items = list(inspection.inspect(root))
    report = check.check(items, inspection.folders(root))
    if not report.sound:
        errors = [each for each in report.findings if each.level == check.ERROR]
        words = "; ".join(" ".join([each.text, *each.files[: check.SHOWN]]) for each in errors)
        raise TrunklineError(f"{root}: {words}; see trunkline task check {root}")
    return report.usable, len(items) - len(report.usable)


def _about(package: Package, line: Line, pictures: str, left_out: int) -> dict[str, str]:
    """What was tested, and on what, in words."""
    tail, spec = package.tail, line.trunk.spec
    without = f"{left_out} files: no pictures, copies, or in two classes"
    return {
        "task": f"{tail.task}, {tail.model}, {len(line.labels)} labels",
        "trunk": f"{spec.name}/{spec.set} at {spec.cut}, digest {spec.digest}",
        "engine": f"{line.trunk.engine}, {line.trunk.precision}",
        "pictures": pictures,
        **({"left out": without} if left_out else {}),
    }


def _lines(found: Evaluation) -> Iterator[str]:
    """A short table."""
    from trunkline_training.making.report import signed, size, spread

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
