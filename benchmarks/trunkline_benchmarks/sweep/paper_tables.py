"""Tables 3 to 9 as the paper has them, its figures beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trunkline_benchmarks.sweep import published
from trunkline_benchmarks.sweep.published import PublishedTable, titled
from trunkline_benchmarks.sweep.run import Swept
from trunkline_benchmarks.sweep.settings import BASELINE, REFERENCE, Setting
from trunkline_benchmarks.sweep.summary import Point
from trunkline_benchmarks.sweep.table import NOTHING, Table, changed, number, signed
from trunkline_benchmarks.sweep.tasks import Metric

PNG = Setting("features", "png", {}, "luma")
"""Nothing but the 8-bit quantiser loses anything."""
ARRANGEMENTS = ("luma", "rgb")
SIZES_NOTE = (
    "VOC's published percentages look halved: 89.47 MB fit 9963 pictures, not the 4952 of the test "
    "set. Compare bytes: the published 16.63 % at qp 35 are about 3.0 kB a frame."
)


def paper_tables(swept: Swept) -> list[Table]:
    """Those for which the sweep has a setting."""
    by_key = {point.setting.key: point for point in swept.points}
    found = [_sizes(swept, by_key), _accuracy(swept, by_key)]
    for table in published.tables(swept.asked, swept.config.trunk):
        found.append(_table(swept, table, by_key))
    return [table for table in found if table is not None and table.rows]


def _sizes(swept: Swept, points: Mapping[str, Point]) -> Table | None:
    paper = published.sizes(swept.asked, swept.config.trunk)
    if paper is None or PNG.key not in points:
        return None
    jpeg, png = points[BASELINE.key], points[PNG.key]
    rows = [
        ["224x224 input as JPEG, quality 75", number(paper.jpeg_mb), number(paper.jpeg_bytes, 0),
         "100.00", number(jpeg.payload_bytes, 0), "100.00"],
        ["tensor as PNG", number(paper.png_mb), number(paper.png_bytes, 0),
         number(100 * paper.png_bytes / paper.jpeg_bytes), number(png.payload_bytes, 0),
         number(png.percent)],
    ]  # fmt: skip
    header = ["what is sent", "MB", "bytes a picture", "size %", "bytes a picture", "size %"]
    note = f"Paper: {paper.data}, {paper.pictures} pictures. Ours: {swept.data.title}; grey PNG."
    note += f" {SIZES_NOTE}" if swept.asked == "ssd" else ""
    return Table("Table 3: sizes", header, rows, note, (("paper", 3), ("ours", 2)))


def _accuracy(swept: Swept, points: Mapping[str, Point]) -> Table | None:
    if PNG.key not in points:
        return None
    exact, coded = points[REFERENCE.key], points[PNG.key]
    rows = []
    for metric in swept.evaluation.metrics:
        paper = published.accuracy(swept.config.trunk, metric.name)
        if paper is not None:
            change = coded.changes.get(metric.name)
            ours = [number(it.scores[metric.name]) for it in (exact, coded)]
            rows.append([_titled(metric), *map(number, paper), *ours, changed(change)])
    number_of = "5" if swept.asked == "ssd" else "4"
    return Table(
        f"Table {number_of}: accuracy of the shared model",
        ["metric", "float", "8 bits", "float", "8 bits", "change by 8 bits [95 %]"],
        rows,
        f"Ours: {swept.data.title}, {swept.model}. The absolute figures are of other weights, "
        "tails and pictures: what can be compared is the change.",
        (("paper", 2), ("ours", 3)),
    )


def _table(swept: Swept, table: PublishedTable, points: Mapping[str, Point]) -> Table | None:
    theirs = [it for it in swept.evaluation.metrics if it.name in table.rows[0]]
    ours = theirs or list(swept.evaluation.metrics)
    there = [
        arrangement
        for arrangement in ARRANGEMENTS
        if any(_setting(table, row, arrangement).key in points for row in table.rows)
    ]
    if not there:
        return None
    header, groups = _header(table, theirs, ours, there)
    rows = []
    for row in table.rows:
        cells = [f"{row['value']:g}", *_theirs(row, swept.config.trunk, theirs)]
        for arrangement in there:
            point = points.get(_setting(table, row, arrangement).key)
            cells += _ours(point, ours, change=bool(theirs))
        rows.append(cells)
    what = "detection" if swept.asked == "ssd" else "classification"
    title = f"Table {table.number}: {what}, {titled(table.codec)}, {swept.config.trunk}"
    return Table(title, header, rows, _NOTE, groups)


def _header(
    table: PublishedTable, theirs: Sequence[Metric], ours: Sequence[Metric], there: Sequence[str]
) -> tuple[list[str], list[tuple[str, int]]]:
    """The columns' names, and the groups above them; the first metric has its change beside it."""
    header, groups = [table.rate, "size %"], [("paper", 1 + len(theirs) + bool(theirs))]
    header += _with_change([_titled(metric) for metric in theirs], "change")
    for arrangement in there:
        groups.append((f"ours, {arrangement}", 2 + len(ours) + bool(theirs)))
        header += ["bytes", "size %"]
        titles = [_titled(metric) for metric in ours]
        header += _with_change(titles, "change [95 %]") if theirs else titles
    return header, groups


def _with_change(cells: Sequence[str], change: str) -> list[str]:
    return [*cells[:1], change, *cells[1:]] if cells else []


def _theirs(row: Mapping[str, float], trunk: str, metrics: Sequence[Metric]) -> list[str]:
    change = ""
    if metrics and (base := published.accuracy(trunk, metrics[0].name)):
        change = signed(row[metrics[0].name] - base[0])
    return [
        number(row["percent"]),
        *_with_change([number(row[metric.name]) for metric in metrics], change),
    ]


_NOTE = (
    "Sizes are in percent of the JPEG-coded 224x224 inputs of the same pictures; changes are in "
    "points against the network on float features, the paper's too. Its arrangement is rgb."
)


def _setting(table: PublishedTable, row: Mapping[str, float], arrangement: str) -> Setting:
    return Setting("features", table.codec, {table.rate: int(row["value"])}, arrangement)


def _ours(point: Point | None, metrics: Sequence[Metric], *, change: bool) -> list[str]:
    if point is None:
        return [NOTHING] * (2 + len(metrics) + change)
    scores = [number(point.scores[metric.name]) for metric in metrics]
    if change:
        scores = _with_change(scores, changed(point.changes.get(metrics[0].name)))
    return [number(point.payload_bytes, 0), number(point.percent), *scores]


def _titled(metric: Metric) -> str:
    return f"{metric.title} {metric.unit}"
