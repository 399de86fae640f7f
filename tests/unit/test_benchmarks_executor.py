"""Shards in processes: order, faults, deaths, Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import benchmark_run
from trunkline.errors import ParameterError, TrunklineError
from trunkline_benchmarks.executor import Processes
from trunkline_benchmarks.journal import Journal
from trunkline_benchmarks.shards import Shard, run


def test_every_shard_once() -> None:
    shards = benchmark_run.shards(seconds=0)
    found = {shard.key: rows for shard, rows in Processes(2).map(benchmark_run.square, shards)}
    assert found == {shard.key: benchmark_run.square(shard) for shard in shards}


def test_libraries_get_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    [(_, rows)] = Processes(1).map(benchmark_run.threads, [Shard("only", {})])
    assert rows == [{"threads": "1"}]
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("trunkline", r"part-2: the picture is no picture$"),
        ("bug", r"part-2: ZeroDivisionError: not by zero please \(.*benchmark_run.py:\d+\)$"),
        ("exit", r"part-2: its process died with exit code 3: .* the same command goes on.*$"),
    ],
)
def test_faults_name_their_shard_and_keep_the_rest(
    fault: str, message: str, tmp_path: Path
) -> None:
    """One process does them in order, so what stands before the fault is finished."""
    shards = benchmark_run.shards(fault, seconds=0)
    with Journal(tmp_path / "journal", {}) as journal:
        with pytest.raises(TrunklineError, match=message) as caught:
            run(benchmark_run.square, shards, Processes(1), journal, "squares")
        assert "\n" not in str(caught.value)
        assert journal.done == {"part-0", "part-1"}


def test_no_jobs_are_refused() -> None:
    with pytest.raises(ParameterError, match="jobs is 0: expected 1 or more"):
        Processes(0)


def test_two_shards_of_one_key_are_refused(tmp_path: Path) -> None:
    twins = [Shard("same", {}), Shard("same", {})]
    with (
        Journal(tmp_path / "journal", {}) as journal,
        pytest.raises(TrunklineError, match="two shards of twins have the same key"),
    ):
        run(benchmark_run.square, twins, Processes(1), journal, "twins")
