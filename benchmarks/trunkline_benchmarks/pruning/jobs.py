"""Several samples at a time, each in a process, which writes its own file and log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, redirect_stderr
from functools import cache, partial

from torch import nn

from trunkline_benchmarks.executor import Processes
from trunkline_benchmarks.pruning.experiment import opened
from trunkline_benchmarks.pruning.flags import parser
from trunkline_benchmarks.pruning.samples import Bench, Wanted
from trunkline_benchmarks.shards import Row, Shard
from trunkline_training.progress import progress, say


def make(argv: Sequence[str], wanted: Sequence[Wanted], jobs: int) -> None:
    """Make samples of the base that lies in --work. Raises TrunklineError for one that fails."""
    shards = [Shard(it.name, it._asdict()) for it in wanted]
    with closing(Processes(jobs).map(partial(_made, tuple(argv)), shards)) as finished:
        for shard, [row] in progress(finished, len(shards), "samples"):
            say(f"{shard.key}: {row['change']:+.2f} points in {row['seconds']:g} s")


def _made(argv: tuple[str, ...], shard: Shard) -> list[Row]:
    bench, whole = _opened(argv)
    with (bench.work / f"{shard.key}.log").open("a") as log, redirect_stderr(log):
        return [bench.sample(whole, Wanted(**shard.work))]


@cache
def _opened(argv: tuple[str, ...]) -> tuple[Bench, nn.Module]:
    """Once a process."""
    bench, whole = opened(parser().parse_args(argv))
    bench.read_base(whole)
    return bench, whole
