"""The pictures of a folder that a task may learn from, a few of each class where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trunkline.errors import ParameterError
from trunkline.text import shown
from trunkline_training.making.pictures import check, inspection, listing
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.making.pictures.split import split
from trunkline_training.progress import say
from trunkline_training.train.collection import rank


def sound(root: Path, fewest: int = 1) -> check.Report:
    """What was found in a folder, said line by line; each class needs `fewest` pictures.

    `split.fewest` tells how many a task needs. Raises ParameterError where none can be made of it.
    """
    report = check.check(list(inspection.inspect(root)), listing.folders(root), fewest)
    for finding in report.findings:
        if finding.level != check.ERROR:
            say("\n".join(finding.lines()))
    if not report.sound:
        errors = [finding for finding in report.findings if finding.level == check.ERROR]
        words = "; ".join(_words(finding) for finding in errors)
        raise ParameterError(f"{root} is no data for a task: {words}; see trunkline task check")
    return report


def _words(finding: check.Finding) -> str:
    """The finding on one line."""
    named = ", ".join(map(shown, finding.files[: check.SHOWN]))
    return f"{finding.text}: {named}" if named else finding.text


def learnt(
    items: Sequence[Item], share: float, seed: int, limit: int | None = None
) -> tuple[Item, ...]:
    """Usable pictures without those that `split` keeps for the test, at most `limit` a class.

    Which ones depends on their names and the seed alone. Raises ParameterError.
    """
    if not 0 < share < 1:
        raise ParameterError(f"a test share of {share}: expected more than 0, below 1")
    if limit is not None and limit < 1:
        raise ParameterError(f"at most {limit} pictures of a class: expected 1 or more")
    chosen, _ = split(items, share, seed)
    return chosen if limit is None else limited(chosen, limit, seed)


def limited(items: Sequence[Item], limit: int, seed: int) -> tuple[Item, ...]:
    """At most `limit` pictures of each class."""
    taken: Counter[str] = Counter()
    kept: set[str] = set()
    for item in sorted(items, key=lambda item: rank(item.name, seed)):
        taken[item.label] += 1
        if taken[item.label] <= limit:
            kept.add(item.name)
    return tuple(item for item in items if item.name in kept)
