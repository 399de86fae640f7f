"""The command line of `python -m trunkline_benchmarks.guard`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image

from trunkline import markdown
from trunkline.engines import DEFAULT_ENGINE
from trunkline_benchmarks import machine
from trunkline_benchmarks.guard.reference import Reference
from trunkline_benchmarks.serving import accuracy, answers, pictures, program, systems
from trunkline_benchmarks.serving.answers import Reader
from trunkline_training import bootstrap
from trunkline_training.datasets import BOXES, CLASSES, Picture

DESCRIPTION = """\
Whether the services see what the plain path sees: labelled pictures through edge and tasks (reduced
decoding, batches, their engine) and through one picture at a time at full size. Enlarged pictures
are what reduced decoding needs to take effect."""
ALLOWED = 0.2
"""Points."""
CLIENTS = 6
"""Enough for frames to wait and go through the tails together."""


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = program.parser("guard", DESCRIPTION)
    add = options.add_argument
    add("--classes", required=True, metavar="DIR", help="labelled pictures: Top-1")
    add("--boxes", required=True, metavar="DIR[:SPLIT]", help="pictures with boxes: mAP")
    add("--limit", type=int, default=0, help="so many of each (0: all)")
    add("--enlarge", type=int, nargs="*", default=(1, 4), help="each side times this")
    add("--codec", default="webp:quality=80", metavar="ID[:NAME=VALUE,...]")
    add("--reference-engine", default=DEFAULT_ENGINE, help="of the plain path (%(default)s)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Compare; 1 where the services change more than is allowed."""
    return program.run("guard", parser().parse_args(argv), _measure, _table, _too_far)


def _too_far(result: Mapping[str, Any]) -> bool:
    return any(abs(row["change"]) > ALLOWED for row in result["rows"])


def _measure(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    setting = program.setting_of(given).scoring(accuracy.LEAST_SCORE)
    reference = Reference(
        given.trunk, given.set, given.reference_engine, given.codec, setting.least_score
    )
    labels = accuracy.labels_of(setting)
    sets = {
        "Top-1": pictures.labelled(given.classes, CLASSES, labels["classifier"], given.limit),
        "mAP": pictures.labelled(given.boxes, BOXES, labels["ssd"], given.limit),
    }
    said = program.said(given) | {"codec": given.codec}
    rows: list[dict[str, Any]] = []
    result = {"machine": machine.describe(), "setting": said, "rows": rows}
    yield result
    with systems.started(f"trunkline:{given.codec}", setting) as running:
        for times in given.enlarge:
            for figure, chosen in sets.items():
                posted = [enlarged(picture.path.read_bytes(), times) for picture in chosen]
                plain = reference.answers(posted)
                served = accuracy.answered(running, posted, CLIENTS)
                compared = _compared(figure, Reader(labels), plain, served, chosen)
                rows.append({"figure": figure, "enlarged": times} | compared)
                print(rows[-1], file=sys.stderr)
                yield result


def _compared(
    figure: str, reader: Reader, plain: list[bytes], served: list[bytes], chosen: Sequence[Picture]
) -> dict[str, Any]:
    """Both figures in percent, the change in points, and 95 % of its paired resamples."""
    if figure == "Top-1":
        one, two = (answers.rights(reader, bodies, chosen) for bodies in (plain, served))
        first, second = 100 * one.mean(), 100 * two.mean()
        low, high = (100 * side for side in bootstrap.mean_interval(two - one, answers.SEED))
    else:
        rows = [answers.rows(reader, bodies, chosen) for bodies in (plain, served)]
        first, second = (answers.mean_ap(graded)["map"] for graded in rows)
        before, after = (answers.mean_aps(graded) for graded in rows)
        low, high = bootstrap.interval(after - before)
    found = {"plain": first, "served": second, "change": second - first, "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in found.items()} | {
        "pictures": len(chosen)
    }


def enlarged(data: bytes, times: int) -> bytes:
    """The picture with each side so many times as long, as a camera's JPEG would have it."""
    if times == 1:
        return data
    with Image.open(io.BytesIO(data)) as image, io.BytesIO() as file:
        size = (image.width * times, image.height * times)
        image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=95)
        return file.getvalue()


def _table(result: Mapping[str, Any]) -> list[str]:
    head = ("figure", "sides times", "pictures", "plain", "served", "change", "95 %")
    cells = [
        [
            row["figure"],
            str(row["enlarged"]),
            str(row["pictures"]),
            f"{row['plain']:.2f}",
            f"{row['served']:.2f}",
            f"{row['change']:+.2f}",
            f"{row['low']:+.2f} to {row['high']:+.2f}",
        ]
        for row in result["rows"]
    ]
    return markdown.table(head, cells)
