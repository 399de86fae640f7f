"""What a sweep leaves in its folder: summary, tables, plots, report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from trunkline.files import make_folder, write_bytes
from trunkline_benchmarks import machine
from trunkline_benchmarks.sweep import plots, published
from trunkline_benchmarks.sweep.paper_tables import paper_tables
from trunkline_benchmarks.sweep.report import Report, described
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.setting_tables import comparison_tables, setting_tables
from trunkline_benchmarks.sweep.table import changed, number

FEW = 200
"""Pictures below which the bootstrap's intervals mislead more than they help."""
SUMMARY, TABLES, REPORT, PLOTS = "summary.json", "results.md", "report.html", "plots"


def write(swept: Swept) -> None:
    """Write everything but the rows, which `run` wrote. Raises TrunklineError."""
    folder, made_on = swept.config.output, machine.describe()
    make_folder(folder / PLOTS)
    report = Report(
        title=f"Accuracy against bytes: {_what(swept)}",
        facts=_facts(swept, made_on),
        limits=list(_limits(swept)),
        sections={
            "The paper's tables": paper_tables(swept),
            "Curves compared": comparison_tables(swept),
            "Every setting": setting_tables(swept),
        },
        plots=plots.draw(swept, folder / PLOTS),
    )
    write_bytes(folder / TABLES, report.markdown().encode())
    write_bytes(folder / REPORT, report.html().encode())
    write_bytes(folder / SUMMARY, _text(document(swept) | {"machine": made_on}))


def document(swept: Swept) -> dict[str, Any]:
    """Everything that was found, as JSON."""
    config = swept.config
    return {
        "trunk": config.trunk,
        "weights": config.weights,
        "digest": swept.trunk.spec.digest,
        "task": config.task,
        "model": swept.model,
        "data": swept.data.title,
        "seed": config.seed,
        "command": config.command,
        "note": swept.note,
        "points": [point.document() for point in swept.points],
    }


def lines(swept: Swept) -> Iterator[str]:
    """What a person wants to see at once: a line a setting."""
    metric = swept.evaluation.metrics[0]
    after = ", change [95 %]" if swept.evaluation.has_tail else ""
    yield f"{_what(swept)}: bytes a picture, {metric.title} {metric.unit}{after}"
    width = max(len(point.setting.key) for point in swept.points)
    for point in swept.points:
        score, change = number(point.scores[metric.name]), point.changes.get(metric.name)
        after = f"  {changed(change)}" if change else ""
        yield f"{point.setting.key:{width}}  {point.payload_bytes:8.0f}  {score:>7}{after}"
    yield f"report: {swept.config.output / REPORT}"


def _what(swept: Swept) -> str:
    config = swept.config
    return f"{config.trunk}/{config.weights}, {config.task}, {swept.data.title}"


def _facts(swept: Swept, made_on: dict[str, Any]) -> dict[str, str]:
    spec = swept.trunk.spec
    return {
        "trunk": f"{spec.name}/{spec.set} cut at {spec.cut}, tensor {spec.shape}",
        "trunk digest": spec.digest,
        "tail": swept.model or "none",
        "pictures": swept.data.title,
        "command": swept.config.command,
        "machine": described(made_on),
        "when": made_on["utc"],
        "published figures": published.source(),
    }


def _limits(swept: Swept) -> Iterator[str]:
    if swept.note:
        yield f"{swept.note}."
    yield (
        f"All figures are of {swept.data.title}. A subset may be easier or harder than the whole "
        "set: compare changes, not absolute accuracy, with others' figures."
    )
    if swept.evaluation.has_tail and len(swept.data.pictures) < FEW:
        yield (
            f"{len(swept.data.pictures)} pictures are few: one answer more or less is "
            f"{100 / len(swept.data.pictures):.2g} points, and intervals over so few are too "
            "narrow, down to no width at all where hardly an answer changed."
        )
    if swept.evaluation.has_tail:
        yield (
            "Changes are against the same network on uncompressed features of the same pictures; "
            "the brackets are paired bootstrap intervals of 95 % over pictures, each setting by "
            "itself."
        )
    yield (
        "Pictures are coded as Pillow does by default: JPEG, WebP and AVIF with halved chroma; bpg "
        "by this library's codec. No frame or protocol is counted for them, so they have no wire "
        "bytes."
    )
    yield (
        f"Milliseconds are medians of single pictures on one thread, {swept.config.jobs} at a "
        "time, for coding alone; they compare with each other, not with a service's latency."
    )


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False).encode() + b"\n"
