"""The work of a long benchmark as a list of shards, and running what is left of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trunkline.errors import TrunklineError
from trunkline_training.progress import progress

if TYPE_CHECKING:
    from trunkline_benchmarks.executor import Executor
    from trunkline_benchmarks.journal import Journal

Row = dict[str, Any]
"""One line of a results file; JSON values, no NaN or infinity."""


@dataclass(frozen=True)
class Shard:
    """A piece of work: `key` is the same in every run, `work` is JSON, so that it travels."""

    key: str
    work: Mapping[str, Any]


Function = Callable[[Shard], list[Row]]
"""What makes a shard's rows: of a module's top level, so that another process finds it."""


def run(
    function: Function, shards: Sequence[Shard], executor: Executor, journal: Journal, what: str
) -> None:
    """Do the shards that the journal lacks; `what` names them on the progress line.

    Raises TrunklineError for two shards of one key and for whatever ends a shard; shards that
    were finished by then stay in the journal, also after Ctrl-C.
    """
    if len({shard.key for shard in shards}) < len(shards):
        raise TrunklineError(f"two shards of {what} have the same key: expected one each")
    left = [shard for shard in shards if shard.key not in journal.done]
    try:
        with closing(executor.map(function, left)) as finished:
            for shard, rows in progress(finished, len(shards), what, len(shards) - len(left)):
                journal.add(shard.key, rows)
    except KeyboardInterrupt:
        kept = sum(1 for shard in shards if shard.key in journal.done)
        print(
            f"interrupted: {kept} of {len(shards)} parts of {what} are kept in {journal.path}; "
            "the same command goes on from there",
            file=sys.stderr,
        )
        raise


def chunks(items: Sequence[Any], size: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """Runs of up to `size` items, each with the index of its first one."""
    for start in range(0, len(items), size):
        yield start, items[start : start + size]
