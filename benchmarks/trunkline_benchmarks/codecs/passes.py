"""The two passes over the pictures, each a list of shards with a journal and a results file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.errors import ParameterError
from trunkline_benchmarks import machine, shards
from trunkline_benchmarks.codecs import containers, rate, times
from trunkline_benchmarks.codecs.inputs import Pictures, Source
from trunkline_benchmarks.codecs.settings import TIME_BASELINE, Setting, origin, settings
from trunkline_benchmarks.executor import Processes
from trunkline_benchmarks.journal import Journal, fingerprint
from trunkline_benchmarks.shards import Row, Shard

RATE, TIMES = "rate.jsonl.gz", "times.jsonl.gz"
PICTURES_A_SHARD = 5
CONTAINERS = "containers"


@dataclass(frozen=True)
class Run:
    """What is measured: pictures, their features by trunk, codecs; and where results go."""

    pictures: Pictures
    sources: Sequence[Source]
    codecs: Sequence[str]
    missing: Sequence[str]
    output: Path

    def header(self, benchmark: str, chosen: Sequence[Setting]) -> Row:
        """The first line of a results file: what, on what machine, by which command."""
        return {
            "benchmark": benchmark,
            "command": shlex.join(["python", "-m", "trunkline_benchmarks.codecs", *sys.argv[1:]]),
            "machine": machine.describe(),
            "images": self.pictures.name,
            "trunks": {
                it.name: {"cut": it.cut, "shape": it.shape, "digest": it.digest, "tail": it.tail}
                for it in self.sources
            },
            "settings": [{"name": setting.name, **setting.document()} for setting in chosen],
            "missing": list(self.missing),
        }

    def journal(self, pass_name: str) -> Journal:
        """The pass's journal. What a shard depends on is in its key, so codecs may be added."""
        configuration = {
            "pass": pass_name,
            "images": self.pictures.name,
            "pictures": len(self.pictures.paths),
        }
        return Journal(self.output / f"{pass_name}.journal", configuration)


def rates(run: Run, jobs: int) -> None:
    """Bytes, errors and answers of every setting on every picture, in `jobs` processes."""
    chosen = settings(run.codecs)
    work = [_containers(chosen)]
    for source in run.sources:
        for codec in run.codecs:
            own = [setting for setting in chosen if setting.codec == codec]
            for first, part in shards.chunks(range(source.count), PICTURES_A_SHARD):
                work.append(_shard(source, codec, first, len(part), own))
    with run.journal("rate") as journal:
        shards.run(_rate, work, Processes(jobs), journal, "rate and accuracy")
        journal.write_results(run.output / RATE, work, run.header("codecs, rate", chosen))


def timings(run: Run, count: int) -> None:
    """Milliseconds of every timed setting on `count` pictures, in one process with one thread."""
    if count < 1:
        raise ParameterError(f"times-limit is {count}: expected 1 or more pictures")
    chosen = [it for it in settings(run.codecs) if it.timed or it.name == TIME_BASELINE]
    if TIME_BASELINE not in {setting.name for setting in chosen}:
        chosen += [setting for setting in settings(["webp"]) if setting.name == TIME_BASELINE]
    work = [
        _shard(source, "times", number, 1, chosen)
        for number in range(count)
        for source in run.sources
        if number < source.count
    ]
    with run.journal("times") as journal:
        shards.run(times.measure, work, Processes(1), journal, "times")
        journal.write_results(run.output / TIMES, work, run.header("codecs, times", chosen))


def _rate(shard: Shard) -> list[Row]:
    """Either kind of the rate pass's shards."""
    return containers.measure(shard) if shard.work["kind"] == CONTAINERS else rate.measure(shard)


def _shard(source: Source, kind: str, first: int, count: int, chosen: Sequence[Setting]) -> Shard:
    work: dict[str, Any] = {
        "kind": kind,
        "trunk": source.trunk,
        "set": source.set,
        "tail": source.tail,
        "features": str(source.features),
        "first": first,
        "count": count,
        "settings": [setting.document() for setting in chosen],
    }
    key = f"{source.name} {kind} {first} to {first + count - 1}"
    return Shard(f"{key} {_mark(source.features.name, chosen)}", work)


def _containers(chosen: Sequence[Setting]) -> Shard:
    """One setting a curve is enough: the one in its middle."""
    curves: dict[str, list[Setting]] = {}
    for setting in chosen:
        curves.setdefault(setting.curve, []).append(setting)
    middles = [points[len(points) // 2] for points in curves.values()]
    work = {"kind": CONTAINERS, "settings": [setting.document() for setting in middles]}
    return Shard(f"{CONTAINERS} {_mark('', middles)}", work)


def _mark(features: str, chosen: Sequence[Setting]) -> str:
    """What tells a shard's rows from those of other features, settings and versions."""
    return fingerprint({"features": features, "of": [origin(it) for it in chosen]})[:16]
