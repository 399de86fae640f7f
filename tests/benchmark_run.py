"""A small benchmark that tests start, kill and start again.

`python -m tests.benchmark_run FOLDER MOST_BYTES FAULT`, the last two 0 and empty for none.
Its shards take a while each; one of them can be told to fail, or to take its process with it.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline_benchmarks.executor import Processes
from trunkline_benchmarks.journal import Journal
from trunkline_benchmarks.shards import Row, Shard, run

SHARDS = 16
SECONDS = 0.06


def shards(fault: str = "", seconds: float = SECONDS, count: int = SHARDS) -> list[Shard]:
    """`fault` befalls the third one."""
    return [
        Shard(f"part-{number}", {"number": number, "seconds": seconds, "fault": fault})
        for number in range(count)
    ]


def square(shard: Shard) -> list[Row]:
    """Two rows a shard."""
    number, fault = shard.work["number"], shard.work["fault"]
    if number == 2 and fault:
        _befall(fault)
    time.sleep(shard.work["seconds"])
    return [{"number": number, "power": number**power, "name": "é"} for power in (2, 3)]


def threads(shard: Shard) -> list[Row]:
    """What the process was told of threads."""
    return [{"threads": os.environ.get("OMP_NUM_THREADS")}]


def _befall(fault: str) -> None:
    if fault == "exit":
        os._exit(3)
    if fault == "trunkline":
        raise TrunklineError("the picture is no picture")
    if fault == "stall":
        time.sleep(600)
    raise ZeroDivisionError("not by zero\nplease")


def main(folder: Path, most_bytes: int, fault: str) -> int:
    """Run to the end, with files limited to `most_bytes` unless that is 0."""
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    try:
        with Journal(folder / "journal.jsonl", {"shards": SHARDS}) as journal:
            run(square, shards(fault), Processes(2), journal, "squares")
            journal.write_results(folder / "results.jsonl", shards(), {"header": True})
    except TrunklineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
