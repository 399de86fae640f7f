"""A run: a range of mutants, its figures, its findings."""

from __future__ import annotations

import json
import math
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tests.fuzz import seeds
from tests.fuzz.crew import Crew
from tests.fuzz.findings import Findings
from tests.fuzz.judge import ALLOWED
from tests.fuzz.mutants import Maker
from tests.fuzz.tally import Tally
from tests.fuzz.worker import Order

ENDLESS = 1 << 40
SAY_EVERY_S = 5.0


@dataclass(frozen=True)
class Plan:
    """What to run. A count of 0 is as many as the minutes take; 0 minutes as long as it takes."""

    ids: tuple[str, ...]
    seed: int = 0
    start: int = 0
    count: int = 0
    minutes: float = 0.0
    jobs: int = 1
    folder: Path = Path("build/fuzz")
    shared: bool = True
    target: str = "tests.fuzz.judge:judge"
    cpu_s: float = 1.0


@dataclass
class Done:
    """What came of it."""

    corpus: str
    tally: Tally = field(default_factory=Tally)
    lines: list[str] = field(default_factory=list)
    """One for every finding that was kept."""
    seconds: float = 0.0


def run(plan: Plan, progress: TextIO | None = None) -> Done:
    """Undo the mutants of a plan."""
    corpus = seeds.load(plan.ids, shared=plan.shared)
    maker, findings = Maker(corpus, plan.seed), Findings(plan.folder)
    done = Done(seeds.fingerprint(corpus))
    began = time.monotonic()
    until = began + plan.minutes * 60 if plan.minutes else math.inf
    mutants = range(plan.start, plan.start + (plan.count or ENDLESS))
    said = 0.0
    order = Order(plan.seed, plan.ids, plan.target, plan.cpu_s, plan.shared)
    with closing(Crew(order, plan.jobs)) as crew:
        for measured in crew.undo(mutants, until):
            mutant = None
            if measured.verdict.outcome not in ALLOWED:
                mutant = maker.make(measured.index)
                path = findings.keep(plan.seed, mutant, measured)
                if path is not None:
                    done.lines.append(f"{path}: {measured.verdict.detail}")
            done.tally.add(mutant.codec if mutant else measured.codec, measured)
            done.seconds = time.monotonic() - began
            if progress and done.seconds - said > SAY_EVERY_S:
                said = done.seconds
                print(_line(plan, done), file=progress, flush=True)
    return done


def write_json(path: Path, plan: Plan, done: Done) -> None:
    """The figures of a run, with what made them."""
    about: dict[str, Any] = {
        "seed": plan.seed,
        "start": plan.start,
        "codecs_asked": list(plan.ids),
        "corpus": done.corpus,
        "seconds": round(done.seconds, 1),
        "findings": done.lines,
        "codecs": done.tally.as_json(),
    }
    path.write_text(json.dumps(about, indent=1) + "\n")


def _line(plan: Plan, done: Done) -> str:
    """How far it is."""
    total = done.tally.total
    speed = total.mutants / done.seconds
    left = (plan.count - total.mutants) / speed if plan.count else math.inf
    left = min(left, plan.minutes * 60 - done.seconds if plan.minutes else math.inf)
    words = f"{total.mutants} mutants, {speed:.0f}/s, {total.forbidden} findings"
    return words if math.isinf(left) else f"{words}, {left:.0f} s left"
