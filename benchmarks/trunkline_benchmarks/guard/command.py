"""The command line of `python -m trunkline_benchmarks.guard`."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from trunkline.engines import DEFAULT_ENGINE
from trunkline.errors import TrunklineError
from trunkline.files import write_bytes
from trunkline_benchmarks import machine
from trunkline_benchmarks.guard.reference import Reference
from trunkline_benchmarks.serving import accuracy, answers, markdown, pictures, systems
from trunkline_benchmarks.serving.answers import Reader
from trunkline_benchmarks.serving.systems import Setting
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
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = argparse.ArgumentParser(
        prog="python -m trunkline_benchmarks.guard", description=DESCRIPTION
    )
    add = options.add_argument
    add("--classes", required=True, metavar="DIR", help="labelled pictures: Top-1")
    add("--boxes", required=True, metavar="DIR[:SPLIT]", help="pictures with boxes: mAP")
    add("--limit", type=int, default=0, help="so many of each (0: all)")
    add("--enlarge", type=int, nargs="*", default=(1, 4), help="each side times this")
    add("--codec", default="webp:quality=80", metavar="ID[:NAME=VALUE,...]")
    add("--trunk", default="mobilenet_v2")
    add("--set", default="keras-160")
    add("--engine", default=DEFAULT_ENGINE, help="of the services (%(default)s)")
    add("--reference-engine", default=DEFAULT_ENGINE, help="of the plain path (%(default)s)")
    add("--logs", type=Path, default=Path("out/benchmark-logs"), metavar="DIR")
    add("--output", type=Path, metavar="F.json")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Compare; 1 where the services lose more than is allowed."""
    given = parser().parse_args(argv)
    try:
        result = _measure(given)
        if given.output:
            write_bytes(given.output, json.dumps(result, indent=1).encode() + b"\n")
        print("\n".join(_table(result["rows"])))
    except TrunklineError as error:
        print(f"guard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return int(any(abs(row["change"]) > ALLOWED for row in result["rows"]))


def _measure(given: argparse.Namespace) -> dict[str, Any]:
    setting = Setting(given.trunk, given.set, given.logs, given.engine, threads=1)
    setting = setting.scoring(accuracy.LEAST_SCORE)
    reference = Reference(
        given.trunk, given.set, given.reference_engine, given.codec, setting.least_score
    )
    labels = accuracy.labels_of(setting)
    sets = {
        "Top-1": pictures.labelled(given.classes, CLASSES, labels["classifier"], given.limit),
        "mAP": pictures.labelled(given.boxes, BOXES, labels["ssd"], given.limit),
    }
    rows = []
    with systems.started(f"trunkline:{given.codec}", setting) as running:
        for times in given.enlarge:
            for figure, chosen in sets.items():
                posted = [enlarged(picture.path.read_bytes(), times) for picture in chosen]
                plain = reference.answers(posted)
                served = accuracy.answered(running, posted, CLIENTS)
                compared = _compared(figure, Reader(labels), plain, served, chosen)
                rows.append({"figure": figure, "enlarged": times} | compared)
                print(rows[-1], file=sys.stderr)
    return {"machine": machine.describe(), "codec": given.codec, "rows": rows}


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


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
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
        for row in rows
    ]
    return markdown.table(head, cells)
