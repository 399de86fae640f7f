"""A packaged task tried on pictures, and the report of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import MissingExtraError, TrunklineError
from trunkline.files import check_outside, check_writable, make_folder
from trunkline.weights import package as packages
from trunkline.weights.package import Package
from trunkline_training.making.pictures.check import Report
from trunkline_training.making.trying import evaluation, report
from trunkline_training.making.trying import line as lines
from trunkline_training.making.trying.evaluation import Evaluation
from trunkline_training.making.trying.line import Line, Way
from trunkline_training.making.trying.tested import tested

WITHOUT_BPG = "--codecs webp:quality=80"


@dataclass(frozen=True, eq=False)
class Examination:
    """The task as it is served."""

    package: Package
    line: Line

    def examine(
        self, root: Path, found: Report, ways: Sequence[Way], place: Path
    ) -> tuple[Evaluation, dict[str, str]]:
        """Figures on the pictures held back, or on all, and what they are of; report in `place`.

        Raises TrunklineError.
        """
        chosen = tested(found.usable, self.package.provenance)
        evaluation.true_labels(self.line.labels, chosen.items)
        make_folder(place)
        evaluated = evaluation.evaluate(self.line, chosen.items, ways)
        about = self._about(f"{root}: {chosen.words}", found.left_out)
        report.write(place, evaluated, f"Evaluation of {self.package.tail.task}", about)
        return evaluated, about

    def _about(self, pictures: str, left_out: int) -> dict[str, str]:
        """What is tested, and on what, in words."""
        tail, spec = self.package.tail, self.line.trunk.spec
        without = f"{left_out} files: no pictures, copies, or in two classes"
        return {
            "task": f"{tail.task}, {tail.model}, {len(self.line.labels)} labels",
            "trunk": f"{spec.name}/{spec.set} at {spec.cut}, digest {spec.digest}",
            "engine": f"{self.line.trunk.engine}, {self.line.trunk.precision}",
            "pictures": pictures,
            **({"left out": without} if left_out else {}),
        }


def begin(folder: Path, *, threads: int) -> Examination:
    """The packaged task in a folder. Raises WeightsError."""
    package = packages.read(folder)
    return Examination(package, lines.load(package, threads=threads))


def place(given: Path | None, folder: Path, root: Path) -> Path:
    """Where the report goes. Raises TrunklineError for a place where it does harm."""
    package = Path(os.path.abspath(folder))  # `.` and `..` have no name to append to
    out = given or package.with_name(f"{package.name}.report")
    check_outside(out, folder, "it would leave with the task")
    check_outside(out, root, "it would be a class")
    check_writable(out)
    return out


def ways(spelled: Sequence[str]) -> tuple[Way, ...]:
    """8 bits and the codecs. Raises ParameterError and kin, TrunklineError without BPG."""
    try:
        return (lines.eight_bits(), *lines.ways(spelled))
    except MissingExtraError as error:
        raise TrunklineError(f"{error}; or try others: {WITHOUT_BPG}") from error
