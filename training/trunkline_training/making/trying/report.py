"""An evaluation as a folder: `report.md` to read, `report.json` with all figures, two plots."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trunkline import markdown
from trunkline.files import make_folder, write_bytes
from trunkline.text import one_line
from trunkline_training import bootstrap
from trunkline_training.making.trying import confusion, reliability
from trunkline_training.making.trying.evaluation import FLOAT, Evaluation, WayFigures
from trunkline_training.making.trying.scores import Interval

WORST, MISTAKES, TAKEN_FOR = 15, 20, 3
"""Classes, pictures and wrong labels of a class that `report.md` names; `report.json` has all."""
LONGEST_NAME = 100
METRIC_WORDS = ("accuracy", "macro precision", "macro recall", "macro F1")
CLASS_HEAD = ("class", "taken for", "pictures", "recall", "precision")
NOTE = (
    "In percent; macro figures are plain means over the classes that have pictures. In brackets: "
    f"where 95 % of {bootstrap.RESAMPLES} resamples of the pictures lie, drawn from all of them "
    "together; Wilson's bound where all of them are right, or wrong. Differences keep the same "
    "pictures on both sides; negative: something was lost."
)
_SPECIAL = re.compile(r"([\\`*<>|\[\]])")


def write(folder: Path, evaluation: Evaluation, title: str, about: Mapping[str, str]) -> None:
    """Write the folder's four files. `about` says in words what was tested, and on what.

    Raises TrunklineError where a file cannot be written, MissingExtraError without matplotlib.
    """
    pictures = {
        "confusion.png": confusion.draw(evaluation),
        "reliability.png": reliability.draw(evaluation.calibration),
    }
    make_folder(folder)
    for name, content in pictures.items():
        write_bytes(folder / name, content)
    rows = [dataclasses.asdict(row) for row in evaluation.rows]
    document = {"title": title, "about": dict(about), **figures(evaluation), "rows": rows}
    write_bytes(folder / "report.json", (json.dumps(document, indent=1) + "\n").encode())
    text = "\n".join(_markdown(evaluation, title, about))
    write_bytes(folder / "report.md", text.encode())


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure, nothing of single pictures, as JSON takes it."""
    everything = dataclasses.asdict(dataclasses.replace(evaluation, rows=()))
    del everything["rows"]
    return {"pictures": evaluation.pictures, **everything}


def metrics(evaluation: Evaluation) -> dict[str, float]:
    """What a task's card says of it: the float way's figures, and each other way's drop."""
    found: dict[str, float] = {"pictures": float(evaluation.pictures)}
    for way in evaluation.ways:
        if not way.drops:
            for name, figure in way.figures.items():
                found |= _bounded(name, figure)
            continue
        suffix = re.sub(r"[^a-z0-9]+", "_", way.way)
        found |= _bounded(f"accuracy_{suffix}_drop", way.drops["accuracy"])
        found[f"bytes_{suffix}"] = round(way.frame_bytes or 0.0, 1)
    return found


def _bounded(name: str, figure: Interval) -> dict[str, float]:
    values = {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return {key: round(value, 2) for key, value in values.items()}


def _markdown(evaluation: Evaluation, title: str, about: Mapping[str, str]) -> Iterator[str]:
    yield from (f"# {_plain(title)}", "")
    yield from (f"* {_plain(key)}: {_plain(value, 1000)}" for key, value in about.items())
    yield from ("", "## Figures by the way that features arrive", "")
    yield from _ways(evaluation)
    yield from ("", "## Classes", "", "![Confusion matrix](confusion.png)", "")
    yield from _classes(evaluation)
    yield from ("", "## Calibration", "", "![Reliability](reliability.png)", "")
    yield from _calibration(evaluation)
    yield from ("", "## Most confident mistakes", "")
    yield from _mistakes(evaluation)
    yield ""


def _ways(evaluation: Evaluation) -> Iterator[str]:
    head = ["way", "frame bytes", *METRIC_WORDS]
    rows = [[way.way, size(way), *map(spread, way.figures.values())] for way in evaluation.ways]
    yield from markdown.lines(head, rows)
    yield ""
    drops = [[way.way, *map(signed, way.drops.values())] for way in evaluation.ways if way.drops]
    yield from markdown.table([f"against {FLOAT}, points", *METRIC_WORDS], drops)
    yield from ("", NOTE)
    if evaluation.absent:
        names = ", ".join(_plain(label) for label in evaluation.absent)
        yield from ("", f"Labels without pictures, which count in no macro figure: {names}.")


def _classes(evaluation: Evaluation) -> Iterator[str]:
    worst = sorted(evaluation.classes, key=lambda each: each.recall)[:WORST]
    rows = []
    for each in worst:
        taken = [f"{_plain(name)} ({count})" for name, count in each.taken_for.items()]
        precision = "never said" if each.precision is None else f"{each.precision:.1f}"
        numbers = [str(each.pictures), f"{each.recall:.1f}", precision]
        rows.append([_plain(each.label), ", ".join(taken[:TAKEN_FOR]), *numbers])
    yield from (f"Lowest recall first, at most {WORST}:", "")
    yield from markdown.lines(CLASS_HEAD, rows, words=2)


def _calibration(evaluation: Evaluation) -> Iterator[str]:
    calibration = evaluation.calibration
    yield from (f"Expected calibration error {calibration.error:.2f} %.", "")
    rows = [
        [
            f"{each.low:.2f} to {each.high:.2f}",
            str(each.pictures),
            f"{100 * each.confidence:.1f}",
            f"{100 * each.accuracy:.1f}",
        ]
        for each in calibration.bins
    ]
    yield from markdown.lines(["confidence", "pictures", "mean confidence", "right"], rows)


def _mistakes(evaluation: Evaluation) -> Sequence[str]:
    wrong = [row for row in evaluation.rows if row.answers[FLOAT].said != row.true]
    wrong.sort(key=lambda row: -row.answers[FLOAT].confidence)
    rows = [
        [
            _plain(row.name),
            _plain(row.true),
            _plain(row.answers[FLOAT].said),
            f"{100 * row.answers[FLOAT].confidence:.1f}",
        ]
        for row in wrong[:MISTAKES]
    ]
    head = ["picture", "true", "said", "confidence %"]
    return [
        f"{len(wrong)} of {evaluation.pictures} pictures.",
        "",
        *markdown.table(head, rows, words=3),
    ]


def size(way: WayFigures) -> str:
    """Mean bytes of a way's frames."""
    return "no frame" if way.frame_bytes is None else f"{way.frame_bytes:.0f}"


def spread(figure: Interval) -> str:
    """`97.10 (96.00 to 98.10)`."""
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def signed(figure: Interval) -> str:
    """`-1.20 (-2.00 to +0.10)`."""
    return f"{figure.value:+.2f} ({figure.low:+.2f} to {figure.high:+.2f})"


def _plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Words of any origin as Markdown that shows them."""
    return _SPECIAL.sub(r"\\\1", one_line(text, longest))
