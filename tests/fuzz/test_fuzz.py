"""Fifteen seconds of the fuzzer, its corpus, and whether it would notice.

`make fuzz MINUTES=60` goes on where this ends.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz import findings, judge, run, seeds, tally
from tests.fuzz.crew import BATCH, Crew
from tests.fuzz.judge import Verdict
from tests.fuzz.mutants import Maker
from tests.fuzz.worker import Order
from trunkline import codecs, pipeline
from trunkline.errors import CorruptFrameError
from trunkline.types import Frame

CPU_S = {judge.HANG: 0.2}
COUNT, SEED = 12_000, 1
TABLE = codecs.table()
AVAILABLE = tuple(info.id for info in TABLE if info.available)
LEAST_REACHED = 0.1
each_codec = pytest.mark.parametrize("info", TABLE, ids=lambda info: info.id)
WITH_LIBRARY = [info for info in TABLE if info.id != "raw"]


def needs(info: codecs.CodecInfo) -> None:
    """Skip where the codec's library is not installed."""
    if not info.available:
        pytest.skip(f"codec {info.id} is not installed: pip install 'trunkline[{info.extra}]'")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> run.Done:
    folder = tmp_path_factory.mktemp("findings")
    return run.run(run.Plan(AVAILABLE, SEED, count=COUNT, folder=folder, shared=False))


@each_codec
def test_mutants_end_in_a_picture_or_our_error(info: codecs.CodecInfo, done: run.Done) -> None:
    needs(info)
    row = done.tally.rows[info.id]
    assert row.mutants >= COUNT // len(TABLE)
    assert not row.forbidden, "\n".join(line for line in done.lines if f"{info.id}-" in line)
    assert row.outcomes[judge.PICTURE]
    assert row.outcomes[judge.ERROR]


@pytest.mark.parametrize("info", WITH_LIBRARY, ids=lambda info: info.id)
def test_enough_mutants_reach_the_library(info: codecs.CodecInfo, done: run.Done) -> None:
    needs(info)
    row = done.tally.rows[info.id]
    assert row.reached / row.mutants >= LEAST_REACHED


@pytest.mark.parametrize("name", seeds.index())
def test_the_corpus_decodes_as_ever(name: str) -> None:
    needs(codecs.info(name.split("-")[0]))
    expected = seeds.index()[name]
    frame = seeds.Seed(name, (seeds.FOLDER / f"{name}.frame").read_bytes()).frame
    if "refused" in expected:
        with pytest.raises(CorruptFrameError):
            pipeline.unpack(frame)
        return
    tensor = pipeline.unpack(frame)
    if "sha256" in expected:
        assert seeds.digest(tensor) == expected["sha256"]
    else:  # decoders in floating point: machines differ by a sample step
        assert tensor.mean() == pytest.approx(expected["mean"], abs=0.05)
        assert tensor.std() == pytest.approx(expected["deviation"], abs=0.05)


def test_the_corpus_is_listed_small_and_knows_every_codec() -> None:
    files = {path.stem: path.stat().st_size for path in seeds.FOLDER.glob("*.frame")}
    assert set(files) == set(seeds.index())
    assert sum(files.values()) < 300_000
    assert {name.split("-")[0] for name in files} == {info.id for info in TABLE}


def test_a_mutant_is_known_by_its_number() -> None:
    corpus = seeds.load(AVAILABLE, shared=False)
    made = [Maker(corpus, 3).make(index) for index in range(200)]
    assert made == [Maker(corpus, 3).make(index) for index in range(200)]
    assert made != [Maker(corpus, 4).make(index) for index in range(200)]
    assert len({str(mutant.frame) for mutant in made}) > 190


def test_a_run_by_the_clock_ends(tmp_path: Path) -> None:
    plan = run.Plan(("raw",), SEED, minutes=0.0001, folder=tmp_path, shared=False)
    assert run.run(plan).tally.total.mutants in (0, BATCH)


def crash(_: bytes | Frame) -> Verdict:
    """Read address 0."""
    ctypes.string_at(0)
    return Verdict(judge.PICTURE)


def leave(_: bytes | Frame) -> Verdict:
    """End the process."""
    os._exit(3)


def hang(_: bytes | Frame) -> Verdict:
    """Never come back."""
    while True:
        pass


def gorge(_: bytes | Frame) -> Verdict:
    """Take memory for a moment."""
    np.ones(16 << 20)
    return Verdict(judge.ERROR, elements=100)


def shout(_: bytes | Frame) -> Verdict:
    """Write where a C library would."""
    os.write(2, b"warning: strange\n")
    return Verdict(judge.ERROR)


BAD = {
    crash: (judge.CRASH, "SIGSEGV"),
    leave: (judge.CRASH, "exit 3"),
    hang: (judge.HANG, "over"),
    gorge: (judge.MEMORY, "MB for 100 values, 24 MB allowed"),
    shout: (judge.OUTPUT, "17 bytes"),
}


@pytest.mark.parametrize("target", BAD, ids=lambda target: target.__name__)
def test_what_goes_wrong_is_noticed_named_and_kept(target: object, tmp_path: Path) -> None:
    outcome, words = BAD[target]  # type: ignore[index]
    name = f"{__name__}:{target.__name__}"  # type: ignore[attr-defined]
    plan = run.Plan(("raw",), SEED, start=7, count=2, folder=tmp_path, shared=False, target=name)
    done = run.run(dataclasses.replace(plan, cpu_s=CPU_S.get(outcome, 1.0)))
    assert done.tally.rows["raw"].outcomes == {outcome: 2}
    assert len(done.lines) == 2
    assert words in done.lines[0]
    kept = findings.load(tmp_path / f"raw-{outcome}-{SEED}-7.json")
    assert kept == Maker(seeds.load(("raw",)), SEED).make(7).frame
    with closing(Crew(Order(0, (), name, CPU_S.get(outcome, 1.0)))) as crew:
        assert crew.ask(kept).verdict.outcome == outcome


def test_exceptions_other_than_ours_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Frame) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(pipeline, "unpack", fail)
    frame = seeds.Setting("raw").make()
    verdict = judge.judge(frame)
    assert verdict.outcome == judge.EXCEPTION
    assert "IndexError: list index out of range" in verdict.detail


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (np.zeros((8, 7, 6), np.float32), r"float32(8, 7, 6) for (8, 7, 7)"),
        (np.zeros((8, 7, 7)), r"float64(8, 7, 7) for (8, 7, 7)"),
        (np.full((8, 7, 7), np.nan, np.float32), "NaN or Inf in the tensor"),
    ],
)
def test_tensors_that_are_wrong_are_forbidden(
    tensor: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "unpack", lambda _: tensor)
    verdict = judge.judge(seeds.Setting("raw").make())
    assert (verdict.outcome, verdict.detail) == (judge.WRONG, words)


def test_figures_of_runs_add_up(done: run.Done, tmp_path: Path) -> None:
    plan = run.Plan(AVAILABLE, SEED)
    run.write_json(tmp_path / "run.json", plan, done)
    twice = tally.read(tmp_path / "run.json")
    twice.merge(tally.read(tmp_path / "run.json"))
    assert twice.total.mutants == 2 * COUNT
    assert twice.total.quantile(0.5) == done.tally.total.quantile(0.5)
    assert 0 < twice.total.quantile(0.5) <= twice.total.quantile(0.99) <= twice.total.longest_ms
    assert f"| **all** | {2 * COUNT} |" in twice.table()
